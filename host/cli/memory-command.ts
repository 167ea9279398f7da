import Table from "cli-table3";
import type { ServerOptions } from "../../scheduler/bus/credentials.ts";
import { connect } from "../../scheduler/client/connect.ts";
import type { MemoryObject, MemoryReport } from "../../scheduler/client/memory-report.ts";
import type { Holder } from "../../scheduler/protocol/memory.ts";

export type MemoryCommandOptions = ServerOptions & { cluster: string };

/** Prints the objects of a cluster, where they are and why, and how full its hosts are. */
export async function runMemoryCommand(options: MemoryCommandOptions): Promise<void> {
  const client = await connect(options);
  try {
    console.log(textOf(await client.memory()));
  } finally {
    await client.shutdown();
  }
}

/** The report for people. */
export function textOf({ objects, hosts, omittedCount, silent }: MemoryReport): string {
  const lines = [
    table(
      ["object", "bytes", "where", "owner", "made by", "age", "held by"],
      objects.map((object) => [
        object.id ?? "",
        object.bytes?.toLocaleString("en-US") ?? "?",
        whereOf(object),
        object.owner,
        object.label ?? "",
        object.ageMs === undefined ? "" : `${(object.ageMs / 1_000).toFixed(1)} s`,
        object.holders.map(holderText).join(", ") || "its owner",
      ]),
      ["bytes", "age"],
    ),
    table(
      ["host", "capacity", "used", "of it pinned", "spilled", "idle"],
      hosts.map(({ id, capacityBytes, usedBytes, pinnedBytes, spilledBytes, idleBytes }) => [
        id,
        ...[capacityBytes, usedBytes, pinnedBytes, spilledBytes, idleBytes].map(mebibytes),
      ]),
      ["capacity", "used", "of it pinned", "spilled", "idle"],
    ),
  ];
  if (omittedCount > 0) lines.push(`and ${omittedCount} smaller objects`);
  for (const { kind, id } of silent) lines.push(`${kind} ${id} did not answer`);
  return lines.join("\n");
}

function table(head: string[], rows: string[][], right: string[]): string {
  const shown = new Table({
    head,
    colAligns: head.map((column) => (right.includes(column) ? "right" : "left")),
    style: { head: [], border: [], compact: true },
  });
  // What others say of their objects must not steer a terminal.
  shown.push(...rows.map((row) => row.map((cell) => cell.replace(/\p{Cc}/gu, " "))));
  return String(shown);
}

const whereOf = ({ at }: MemoryObject) =>
  at.map(({ peer, place }) => `${peer.kind} ${peer.id}${place === "disk" ? ", spilled" : ""}`).join("; ") ||
  "not known";

function holderText(holder: Holder): string {
  switch (holder.kind) {
    case "ref":
      return "a ref of its program";
    case "task":
      return `task ${holder.label}`;
    case "object":
      return `object ${holder.id}`;
    case "view":
      return "a view of a program";
    case "pin":
      return "who reads it now";
  }
}

const mebibytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
