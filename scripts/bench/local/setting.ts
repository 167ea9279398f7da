import { availableParallelism } from "node:os";
import { type Client, init } from "wray";
import { Ring } from "../bare/ring.ts";
import type { Context } from "../suite.ts";

/** With one worker, and with as many as this machine runs at once. */
export const workerCounts: readonly number[] = [...new Set([1, availableParallelism()])];

export const workersText = (count: number): string => (count === 1 ? "1 worker" : `${count} workers`);

/** A client with so many workers inside this process. */
export function startEmbedded({ start }: Context, cpus: number): Promise<Client> {
  return start(
    () => init({ cpus }),
    (wray) => wray.shutdown(),
  );
}

/** As many rings, each with a worker. @param scratch see `Ring.start` */
export function startRings({ start }: Context, count: number, scratch?: WebAssembly.Module): Promise<Ring[]> {
  return start(
    () => Promise.all(Array.from({ length: count }, () => Ring.start(scratch))),
    (rings) => Promise.all(rings.map((ring) => ring.stop())),
  );
}
