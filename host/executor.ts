import type { Bus } from "../scheduler/bus/bus.ts";
import { pullObject } from "../scheduler/objects/transfer.ts";
import { toWireError } from "../scheduler/protocol/errors.ts";
import {
  type Arg,
  inlineBytes,
  isRefArg,
  type Outcome,
  type RefArg,
  type Task,
} from "../scheduler/protocol/messages.ts";
import type { Subjects } from "../scheduler/protocol/subjects.ts";
import type { Modules } from "./modules.ts";
import { type ObjectStore, shared } from "./objects/store.ts";
import type { Pool } from "./pool/pool.ts";
import type { Traps } from "./traps/traps.ts";

export type ExecutorDeps = {
  bus: Bus;
  subjects: Subjects;
  modules: Modules;
  store: ObjectStore;
  pool: Pool;
  traps: Traps;
  /** Whether this owner is still there. */
  isPresent(owner: string): boolean;
};

/** Runs tasks: gets the module and the arguments here, finds a worker, and keeps what is too large to travel. */
export class Executor {
  readonly #deps: ExecutorDeps;
  readonly #pulls = new Map<string, Promise<Uint8Array>>();
  #unfinished = 0;

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
  }

  /** Whether there is any task here. */
  get isIdle(): boolean {
    return this.#unfinished === 0;
  }

  /** Tasks here that no worker runs yet. */
  get queued(): number {
    return this.#unfinished - this.#deps.pool.running;
  }

  /**
   * Runs a task to its end; never rejects.
   * @param owner keeps a large result; without one, it comes back whole
   */
  async run(
    { id, module: sha256, kernel, args, timeoutMs }: Task,
    owner: string | undefined,
  ): Promise<Outcome> {
    const { modules, pool, store, traps, isPresent } = this.#deps;
    this.#unfinished++;
    try {
      const module = await modules.get(sha256);
      const values = args.some(isRefArg)
        ? await Promise.all(args.map((arg) => this.#value(arg, owner ?? "")))
        : (args as Uint8Array[]);
      if (owner !== undefined && !isPresent(owner)) return { kind: "returned" };
      // Copies, because what is inside a message would drag the whole of it to the worker.
      const call = {
        id,
        sha256,
        kernel,
        args: values.map((value) => (isShared(value) ? value : value.slice())),
      };
      const result = await pool.run({ module, call, owner, timeoutMs });
      if (result === undefined) return { kind: "returned" };
      if ("error" in result) return { kind: "error", error: await traps.locate(sha256, result.error) };
      if (owner === undefined || result.value.byteLength <= inlineBytes)
        return { kind: "value", value: result.value };
      store.add(id, shared(result.value), owner, "result");
      return { kind: "stored", bytes: result.value.byteLength };
    } catch (error) {
      return { kind: "error", error: toWireError(error) };
    } finally {
      this.#unfinished--;
    }
  }

  /** An argument's encoded value; an object that several tasks want at once is fetched once. */
  #value(arg: Arg, owner: string): Uint8Array | Promise<Uint8Array> {
    if (!isRefArg(arg)) return arg;
    return this.#deps.store.get(arg.ref) ?? this.#pulls.get(arg.ref) ?? this.#pull(arg, owner);
  }

  #pull(arg: RefArg, owner: string): Promise<Uint8Array> {
    const { bus, subjects, store } = this.#deps;
    const pull = pullObject(bus, subjects, arg, (bytes) => new Uint8Array(new SharedArrayBuffer(bytes)))
      .then((value) => {
        store.add(arg.ref, value, owner, "copy");
        return value;
      })
      .finally(() => this.#pulls.delete(arg.ref));
    this.#pulls.set(arg.ref, pull);
    return pull;
  }
}

const isShared = (value: Uint8Array) => value.buffer instanceof SharedArrayBuffer;
