import type { Client } from "wray";
import { kernelOf } from "../kernel-call.ts";
import { readShipped } from "../shipped.ts";
import { prepared } from "../worker.ts";

export type PlainClient = {
  wray: Client;
  /** When the last trial began, in steps of an episode, by a clock on which only episodes to learn from take time. */
  triedAt(): number;
};

/**
 * What `learn()` asks of a client, without a runtime: `remote()` runs the kernel at once, in this thread. A clock tells
 * when its result would be there if there were so many workers, which take tasks in the order of their submission; and
 * nothing took time but steps of episodes. Nothing is ever cancelled.
 */
export async function plainClient(workerCount = 1): Promise<PlainClient> {
  const module = await prepared(await readShipped("gym"));
  const freeAt: number[] = new Array(workerCount).fill(0);
  let now = 0;
  let triedAt = 0;
  /** When a task is done that takes so long: it begins when a worker is free for it. */
  const endOf = (steps: number) => {
    const worker = freeAt.indexOf(Math.min(...freeAt));
    freeAt[worker] = Math.max(freeAt[worker]!, now) + steps;
    return freeAt[worker];
  };
  const client = {
    put: (value: unknown) => new Box(value, now),
    get: async (refs: Box | Box[]) => (Array.isArray(refs) ? refs.map(open) : open(refs)),
    async wait(refs: Box[]) {
      const first = refs.reduce((first, ref) => (ref.at < first.at ? ref : first));
      now = Math.max(now, first.at);
      return { ready: [first], pending: refs.filter((ref) => ref !== first) };
    },
    cancel() {},
    async remote(name: string) {
      const run = kernelOf(module, name.replace("gym/", ""));
      return {
        remote(...args: unknown[]) {
          const value = run(args.map(open));
          if (name === "gym/rollout") triedAt = now;
          return new Box(value, name === "gym/esRollout" ? endOf((value as { steps: number }).steps) : now);
        },
      };
    },
  };
  return { wray: client as unknown as Client, triedAt: () => triedAt };
}

const open = (value: unknown) => (value instanceof Box ? value.value : value);

/** A ref that has its value already, and when it would be there. */
class Box {
  readonly value: unknown;
  readonly at: number;

  constructor(value: unknown, at: number) {
    this.value = value;
    this.at = at;
  }
}
