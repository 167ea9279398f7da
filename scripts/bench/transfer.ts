import type { Bus } from "../../scheduler/bus/bus.ts";
import type { Direct } from "../../scheduler/bus/direct.ts";
import { natsBus } from "../../scheduler/bus/nats.ts";
import { pullObject } from "../../scheduler/objects/transfer.ts";
import { ObjectTable } from "../../scheduler/ownership/object-table.ts";
import { type Peer, subjectsOf } from "../../scheduler/protocol/subjects.ts";
import { type Holder, readRaw, startHolder } from "./bare/holder.ts";
import { startServer } from "./cluster.ts";
import { value, values } from "./figures.ts";
import { byTurns, check, elapsedMs } from "./measure.ts";
import type { Suite } from "./suite.ts";

const full = { turnCount: 9, byteCount: 64 * 1024 * 1024 };
const quick = { turnCount: 2, byteCount: 2 * 1024 * 1024 };
const copyCount = 4;

export const transfer: Suite = {
  name: "transfer",
  description: "an object on its way from process to process",

  async *run(context) {
    const { turnCount, byteCount } = context.isQuick ? quick : full;
    const servers = await startServer(context);
    const start = (id: string, kind: "origin" | "copy") =>
      context.start(
        () => startHolder(servers, id, byteCount, kind),
        (holder) => holder.stop(),
      );
    const bus = await context.start(
      () => natsBus({ servers }, "bench"),
      (started) => started.close(),
    );
    const origin = await start("origin", "origin");
    const memory = new Uint8Array(new SharedArrayBuffer(byteCount));
    const size = `${byteCount / 1024 / 1024} MiB`;

    /** MB/s of an action that fills the memory. */
    const rate = async (fill: () => Promise<unknown>) => {
      memory.fill(1);
      const ms = await elapsedMs(fill);
      check("the bytes that came", memory.indexOf(1) + memory[byteCount - 1]!, 6);
      return byteCount / 1e6 / (ms / 1_000);
    };
    const pull = (on: Bus) =>
      pullObject(on, subjectsOf("bench"), { ref: "x", at: [peerOf(origin)] }, () => memory);
    const raw = {
      name: "raw unix socket",
      measure: () => rate(() => readRaw({ path: `\0${origin.ready.socket}` }, memory)),
    };
    const rawTcp = {
      name: "raw TCP socket",
      measure: () => rate(() => readRaw({ port: origin.ready.port }, memory)),
    };
    const byTcp: Direct = {
      ...bus.direct!,
      dial: (place, reader) =>
        "host" in place ? bus.direct!.dial(place, reader) : Promise.reject(new Error("not this one")),
    };
    await raw.measure();

    const here = await byTurns(turnCount, () => rate(() => pull(bus)), raw);
    yield values(`${size}, same machine`, "MB/s", turnCount, here);
    const overTcp = await byTurns(turnCount, () => rate(() => pull(with_(bus, byTcp))), rawTcp);
    yield values(`${size}, TCP, all of it summed`, "MB/s", turnCount, overTcp);
    const overBus = await byTurns(turnCount, () => rate(() => pull(with_(bus, undefined))), raw);
    yield values(`${size}, nobody can be dialled: NATS`, "MB/s", turnCount, overBus);

    const copies = await Promise.all(
      Array.from({ length: copyCount }, (_, index) => start(`copy${index}`, "copy")),
    );
    const spread = await byTurns(turnCount, () => broadcast(origin, copies, byteCount, true), {
      name: "each from the original",
      measure: () => broadcast(origin, copies, byteCount, false),
    });
    yield values(`${size} to ${copyCount} hosts at once, in all`, "MB/s", turnCount, spread);
    const servedMs = await elapsedMs(() => broadcast(origin, copies, byteCount, true));
    yield value("the same, until the last has it", "ms", 1, [servedMs]);
  },
};

const peerOf = ({ id }: Holder): Peer => ({ kind: "host", id });
const with_ = (bus: Bus, direct: Direct | undefined): Bus => ({ ...bus, isConnected: true, direct }) as Bus;

let broadcastCount = 0;

/** Has all copies pull a new object at once, as an owner would have it when tasks on all hosts take it. MB/s of all. */
async function broadcast(
  origin: Holder,
  copies: Holder[],
  byteCount: number,
  isSpread: boolean,
): Promise<number> {
  const ref = `broadcast-${broadcastCount++}`;
  const objects = new ObjectTable(() => {});
  objects.create(ref);
  const orders = copies.map((copy) => {
    const earlier = objects.copiedTo(ref, copy.id);
    const at = isSpread && earlier !== undefined ? [{ kind: "host" as const, id: earlier }] : [];
    return { copy, order: { ref, at: [...at, peerOf(origin)] } };
  });
  const ms = await elapsedMs(async () => {
    const right = await Promise.all(orders.map(({ copy, order }) => copy.pull(order)));
    for (const count of right) check("the bytes of a copy that are right", count, byteCount);
  });
  return (copies.length * byteCount) / 1e6 / (ms / 1_000);
}
