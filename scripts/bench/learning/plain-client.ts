import type { Client } from "wray";
import { kernelOf } from "../kernel-call.ts";
import { readShipped } from "../shipped.ts";
import { prepared } from "../worker.ts";

/**
 * What `learn()` asks of a client, without a runtime: a ref is a box that has its value already, since `remote()` has run
 * the kernel in this thread.
 */
export async function plainClient(): Promise<Client> {
  const module = await prepared(await readShipped("gym"));
  const open = (value: unknown) => (value instanceof Box ? value.value : value);
  const client = {
    put: (value: unknown) => new Box(value),
    get: async (refs: Box | Box[]) => (Array.isArray(refs) ? refs.map(open) : open(refs)),
    wait: async ([first, ...pending]: Box[]) => ({ ready: [first], pending }),
    cancel() {},
    async remote(name: string) {
      const run = kernelOf(module, name.replace("gym/", ""));
      return { remote: (...args: unknown[]) => new Box(run(args.map(open))) };
    },
  };
  return client as unknown as Client;
}

class Box {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}
