import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { run } from "../../gpu/adapter/run.ts";

/** When, where and on what the figures were measured. */
export type Head = {
  date: string;
  machine: { cpu: string; cores: number; memoryBytes: number };
  /** The load average over 1, 5 and 15 minutes, before the first suite. */
  load: number[];
  versions: { node: string; wray: string; natsServer: string; natsClient: string; os: string };
  /** Figures of a quick run say nothing. */
  isQuick: boolean;
};

export async function readHead({
  natsServer,
  isQuick,
}: {
  natsServer: string;
  isQuick: boolean;
}): Promise<Head> {
  return {
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      memoryBytes: totalmem(),
    },
    load: loadavg(),
    versions: {
      node: process.versions.node,
      wray: await versionIn("package.json"),
      natsServer: (await run(natsServer, ["--version"])).replace(/^nats-server: v/, "").trim(),
      natsClient: await versionIn("node_modules/nats/package.json"),
      os: `${type()} ${release()}`,
    },
    isQuick,
  };
}

async function versionIn(path: string): Promise<string> {
  return JSON.parse(await readFile(path, "utf8")).version;
}
