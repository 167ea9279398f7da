// node holder-process.mjs <servers> <id> <byteCount> origin|copy
// A process that holds objects as a host does, and nothing else. An origin has any object that it is asked for, and
// raw sockets that send the same bytes to whoever connects; a copy pulls objects when it is told to. It ends with the
// process that forked it.
import { createServer } from "node:net";
import { natsBus } from "../../../scheduler/bus/nats.ts";
import { serveObjects } from "../../../scheduler/objects/serve.ts";
import { pullObject } from "../../../scheduler/objects/transfer.ts";
import { type Peer, subjectsOf } from "../../../scheduler/protocol/subjects.ts";

/** What a copy is told to pull. It answers with how many bytes of it are right. */
export type PullOrder = { ref: string; at: Peer[] };
/** Where the raw sockets of an origin are. */
export type Ready = { socket: string; port: number };

const [servers, id, byteCount, kind] = process.argv.slice(2) as [string, string, string, string];
const memory = new Uint8Array(new SharedArrayBuffer(Number(byteCount))).fill(kind === "origin" ? 7 : 1);
const bus = await natsBus({ servers }, `bench-${id}`);
const subjects = subjectsOf("bench");
const pulls = new Map<string, Promise<Uint8Array>>();
serveObjects(bus, subjects.objects({ kind: "host", id }), (ref) =>
  kind === "origin" ? memory : pulls.get(ref),
);

process.on("message", async ({ ref, at }: PullOrder) => {
  memory.fill(1);
  const pull = pullObject(bus, subjects, { ref, at }, () => memory);
  pulls.set(ref, pull);
  const object = await pull;
  process.send!(object.indexOf(1) === -1 && object.at(-1) === 7 ? object.byteLength : 0);
});

const raw = () => createServer((socket) => void socket.on("error", () => {}).write(memory));
const socket = `wray-bench-${process.pid}`;
const tcp = raw().listen(0, "127.0.0.1", () => {
  raw().listen(`\0${socket}`, () => {
    process.send!({ socket, port: (tcp.address() as { port: number }).port } satisfies Ready);
  });
});
process.once("disconnect", () => process.exit());
