import { setImmediate as turn } from "node:timers/promises";
import type { Kernel } from "../../scheduler/client/kernel.ts";
import type { Module } from "../../scheduler/client/module.ts";
import { templateOptions } from "../../scheduler/client/task-options.ts";
import { sha256Of } from "../../scheduler/manifest/read.ts";
import { WrayError } from "../../scheduler/protocol/errors.ts";
import { decodeValue, encodeValue } from "../../scheduler/protocol/value.ts";
import type { Attack } from "./attack.ts";
import { cpusOf, type Target } from "./target.ts";

/** How an attack ended: `ending` is `answer`, or the code of an error. */
export type Delivered = {
  ending: string;
  answer?: unknown;
  message?: string;
  thread?: unknown;
  elapsedMs: number;
};

/** The most turns of the event loop that a client lets pass before it cancels. */
const mostTurns = 40;

/** Sends attacks to a target, and tells how each ended. */
export class Courier {
  readonly #target: Target;
  readonly #random: () => number;
  /** Modules that are the same every time. */
  readonly #loaded = new WeakMap<Uint8Array, Promise<Module>>();

  constructor(target: Target, random: () => number) {
    this.#target = target;
    this.#random = random;
  }

  async deliver(attack: Attack): Promise<Delivered> {
    const bytes = typeof attack.module === "function" ? attack.module(this.#random) : attack.module;
    let startMs = performance.now();
    try {
      const send =
        attack.by === "wire" ? await this.#byWire(attack, bytes) : await this.#byClient(attack, bytes);
      startMs = performance.now();
      return { ending: "answer", answer: await send(), elapsedMs: performance.now() - startMs };
    } catch (error) {
      const elapsedMs = performance.now() - startMs;
      const message = String(error);
      if (!(error instanceof WrayError)) return { ending: (error as Error).name, message, elapsedMs };
      return { ending: error.code, message, thread: error.data.thread, elapsedMs };
    }
  }

  async #byClient(attack: Attack, bytes: Uint8Array<ArrayBuffer>): Promise<() => Promise<unknown>> {
    const { kernel, args = [], options, before, isCancelled } = attack;
    const { client } = this.#target;
    const module = await this.#load(bytes);
    const call = (name: string) => (module.kernel(name) as Kernel).options(options);
    if (before !== undefined) {
      const planted = Array.from({ length: cpusOf(this.#target) }, () => call(before).remote());
      await client.wait(planted, { numReturns: planted.length });
    }
    const kernelOf = call(kernel);
    return async () => {
      const ref = kernelOf.remote(...args);
      if (!isCancelled) return client.get(ref);
      const value = client.get(ref);
      value.catch(() => {});
      for (let turns = Math.floor(this.#random() * mostTurns); turns > 0; turns--) await turn();
      client.cancel(ref);
      return value;
    };
  }

  /** As from a client that checks nothing. */
  async #byWire(attack: Attack, bytes: Uint8Array<ArrayBuffer>): Promise<() => Promise<unknown>> {
    const { submitter, control } = this.#target;
    const { kernel, args = [], options, sha256 = await sha256Of(bytes) } = attack;
    await control.putModule(sha256, bytes);
    return async () => {
      const id = submitter.submit({
        template: { label: `${sha256}/${kernel}`, module: sha256, kernel, ...templateOptions(options) },
        args: args.map((arg) => (arg instanceof Uint8Array ? arg : encodeValue(arg))),
        seed: options.seed,
      });
      try {
        const value = await new Promise<Uint8Array>((resolve, reject) => {
          submitter.whenReady(id, (state) => submitter.fetch(id, state).then(resolve, reject));
        });
        return decodeValue(value);
      } finally {
        submitter.drop(id);
      }
    };
  }

  #load(bytes: Uint8Array<ArrayBuffer>): Promise<Module> {
    const known = this.#loaded.get(bytes);
    if (known !== undefined) return known;
    const loading = this.#target.client.load(bytes);
    this.#loaded.set(bytes, loading);
    loading.catch(() => this.#loaded.delete(bytes));
    return loading;
  }
}
