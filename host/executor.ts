import type { Bus } from "../scheduler/bus/bus.ts";
import { checkArgBytes, checkGrant } from "../scheduler/manifest/check-limits.ts";
import { pullObject } from "../scheduler/objects/transfer.ts";
import { LimitExceededError, TaskCancelledError, toWireError } from "../scheduler/protocol/errors.ts";
import { defaultGrant, defaultLimits } from "../scheduler/protocol/limits.ts";
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
import { Children, type ChildrenDeps } from "./nested/children.ts";
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
  /** Sends an owner what its running task says of how far it has come. */
  progressed(owner: string, taskId: string, fraction: number, text: string): void;
  log(taskId: string, text: string): void;
  /** The most that a task's `memoryBytes` may be here. */
  maxMemoryBytes: number;
} & Pick<ChildrenDeps, "submitter" | "control">;

/** A task on this host. */
type Here = { id: string; owner: string | undefined; isCancelled: boolean };

/** Runs tasks: gets the module and the arguments here, finds a worker, and keeps what is too large to travel. */
export class Executor {
  readonly #deps: ExecutorDeps;
  readonly #pulls = new Map<string, Promise<Uint8Array>>();
  /** Tasks on their way to a worker, and in one; those that were cancelled are told apart. */
  readonly #here = new Set<Here>();

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
  }

  /** Whether there is any task here. */
  get isIdle(): boolean {
    return this.#here.size === 0;
  }

  /** Tasks here that no worker runs yet. */
  get queued(): number {
    return this.#here.size - this.#deps.pool.running - this.#deps.pool.blocked;
  }

  /**
   * Runs a task to its end; never rejects.
   * @param owner keeps a large result; without one, it comes back whole
   */
  async run(task: Task, owner: string | undefined): Promise<Outcome> {
    const { modules, pool, store, traps, isPresent, progressed, log, submitter, control } = this.#deps;
    const { maxMemoryBytes } = this.#deps;
    const { id, module: sha256, kernel, args, grant = defaultGrant, seed = id, clock, depth = 0 } = task;
    const limits = { ...defaultLimits, ...task.limits };
    const here: Here = { id, owner, isCancelled: false };
    this.#here.add(here);
    try {
      const module = await modules.get(sha256);
      const label = `${module.manifest.module}/${kernel}`;
      checkGrant(label, module.needs, grant);
      if (limits.memoryBytes > maxMemoryBytes) throw tooMuchMemory(label, limits.memoryBytes, maxMemoryBytes);
      const values = args.some(isRefArg)
        ? await Promise.all(args.map((arg) => this.#value(arg, owner ?? "")))
        : (args as Uint8Array[]);
      checkArgBytes(label, values, limits.maxArgumentBytes);
      if (here.isCancelled) throw cancelled(label);
      if (owner !== undefined && !isPresent(owner)) return { kind: "returned" };
      // Copies, because what is inside a message would drag the whole of it to the worker.
      const call = {
        id,
        sha256,
        kernel,
        args: values.map((value) => (isShared(value) ? value : value.slice())),
        ...{ limits, grant, seed, clock, depth },
      };
      const result = await pool.run({
        ...{ module, call, owner },
        childrenOf: (countEnded) =>
          new Children({ submitter, control, parent: call, module: module.manifest.module, countEnded }),
        onLog: (text) => log(id, text),
        onProgress: (fraction, text) => owner !== undefined && progressed(owner, id, fraction, text),
      });
      if (result === undefined) return { kind: "returned" };
      if ("error" in result)
        return { kind: "error", error: await traps.locate(sha256, result.error, module.translation) };
      const { value, clock: readings } = result;
      const heard = readings && { clock: readings };
      if (owner === undefined || value.byteLength <= inlineBytes) return { kind: "value", value, ...heard };
      store.add(id, shared(value), owner, "result");
      return { kind: "stored", bytes: value.byteLength, ...heard };
    } catch (error) {
      return { kind: "error", error: toWireError(error) };
    } finally {
      this.#here.delete(here);
    }
  }

  /** Ends tasks of an owner; what they come to, nobody wants to know. */
  cancel(owner: string, ids: readonly string[]): void {
    const cancelledIds = new Set(ids);
    for (const here of this.#here) {
      if (here.owner === owner && cancelledIds.has(here.id)) here.isCancelled = true;
    }
    this.#deps.pool.cancel((call) => call.owner === owner && cancelledIds.has(call.call.id));
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

const cancelled = (label: string) => new TaskCancelledError(`${label} was cancelled`);
const tooMuchMemory = (label: string, memoryBytes: number, maxMemoryBytes: number) =>
  new LimitExceededError(
    `${label} asks for ${memoryBytes} bytes of memory; its host gives ${maxMemoryBytes}`,
    {
      remedy: "Lower memoryBytes, or start the host with a larger --max-memory-bytes.",
      data: { kernel: label, limit: "maxMemoryBytes", memoryBytes, maxMemoryBytes },
    },
  );
const isShared = (value: Uint8Array) => value.buffer instanceof SharedArrayBuffer;
