import type { Bus } from "../scheduler/bus/bus.ts";
import { checkArgBytes, checkArgRoom, checkGrant } from "../scheduler/manifest/check-limits.ts";
import { pullObject } from "../scheduler/objects/transfer.ts";
import { TaskCancelledError, toWireError } from "../scheduler/protocol/errors.ts";
import { defaultGrant, defaultLimits } from "../scheduler/protocol/limits.ts";
import {
  inlineBytes,
  isRefArg,
  type Outcome,
  type RefArg,
  type Task,
} from "../scheduler/protocol/messages.ts";
import type { Subjects } from "../scheduler/protocol/subjects.ts";
import { checkMemory } from "./check-memory.ts";
import type { Modules } from "./modules.ts";
import { Children, type ChildrenDeps } from "./nested/children.ts";
import type { Segments } from "./objects/segments.ts";
import type { ObjectStore } from "./objects/store.ts";
import type { StoredFacts, StoredObject } from "./objects/stored-object.ts";
import type { Pool } from "./pool/pool.ts";
import type { Site } from "./pool/site.ts";
import { segmentItemBytes } from "./ring/items.ts";
import { SlotRoom } from "./ring/slot-room.ts";
import { type CallArg, TaskCall, type TaskEnd } from "./task-call.ts";
import type { Traps } from "./traps/traps.ts";

export type ExecutorDeps = {
  bus: Bus;
  subjects: Subjects;
  modules: Modules;
  store: ObjectStore;
  segments: Segments;
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
type Here = {
  id: string;
  owner: string | undefined;
  isCancelled: boolean;
  call?: TaskCall;
  /** The arguments that it keeps in memory. */
  pinned: StoredObject[];
  isOver: boolean;
};

/** Runs tasks: gets the module and the arguments here, finds a worker, and keeps what is too large to travel. */
export class Executor {
  readonly #deps: ExecutorDeps;
  readonly #pulls = new Map<string, Promise<StoredObject>>();
  /** Tasks on their way to a worker, and in one; those that were cancelled are told apart. */
  readonly #here = new Set<Here>();

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
  }

  /** Whether there is any task here. */
  get isIdle(): boolean {
    return this.#here.size === 0;
  }

  /** Tasks here that need a worker, or will. */
  get load(): number {
    return this.#here.size - this.#deps.pool.blocked;
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
    const { modules, pool, store, traps, isPresent } = this.#deps;
    const { maxMemoryBytes } = this.#deps;
    const { id, module: sha256, kernel, args, grant = defaultGrant, seed = id, clock } = task;
    const limits = { ...defaultLimits, ...task.limits };
    const here: Here = { id, owner, isCancelled: false, pinned: [], isOver: false };
    this.#here.add(here);
    try {
      const module = await modules.get(sha256);
      const label = `${module.manifest.module}/${kernel}`;
      checkGrant(label, module.needs, grant);
      checkMemory(label, limits.memoryBytes, maxMemoryBytes);
      checkArgRoom(label, args.length);
      const values = args.some(isRefArg)
        ? await Promise.all(args.map((arg) => (isRefArg(arg) ? this.#object(arg, here) : arg)))
        : (args as Uint8Array[]);
      checkArgBytes(label, values, limits.maxArgumentBytes);
      if (here.isCancelled) throw cancelled(label);
      if (owner !== undefined && !isPresent(owner)) return { kind: "returned" };
      const site = pool.site({
        ...{ module, kernel, limits, grant, clock, isMap: false },
        seed: { kind: "item" },
      });
      const end = await this.#call(here, site, values, seed, task);
      if (end.kind === "returned") return end;
      if (end.kind === "error")
        return { kind: "error", error: await traps.locate(sha256, end.error, module.translation) };
      const heard = end.clock && { clock: end.clock };
      const { value } = end;
      if (owner === undefined || value.byteLength <= inlineBytes) return { kind: "value", value, ...heard };
      store.add(id, this.#stored(value, { owner, label: `result of ${label}`, kind: "result" }));
      return { kind: "stored", bytes: value.byteLength, ...heard };
    } catch (error) {
      return { kind: "error", error: toWireError(error) };
    } finally {
      this.#here.delete(here);
      here.isOver = true;
      for (const object of here.pinned) object.unpin();
    }
  }

  #call(here: Here, site: Site, values: readonly CallArg[], seed: string, task: Task): Promise<TaskEnd> {
    const { pool, progressed, log, submitter, control } = this.#deps;
    const { id, owner } = here;
    const { depth = 0, module: sha256 } = task;
    const { limits, grant, module } = site.facts;
    const parent = { sha256, limits, grant, seed, depth };
    const args = this.#fitted(values, here);
    return new Promise((resolve) => {
      here.call = new TaskCall({
        ...{ pool, site, owner: owner ?? "", depth, args, seed },
        childrenOf: (countEnded) =>
          new Children({ submitter, control, parent, module: module.manifest.module, countEnded }),
        log: (text) => log(id, text),
        progress: (fraction, text) => owner !== undefined && progressed(owner, id, fraction, text),
        ended: resolve,
      });
      pool.submit(here.call);
    });
  }

  /** Ends tasks of an owner; what they come to, nobody wants to know. */
  cancel(owner: string | undefined, ids: readonly string[]): void {
    const cancelledIds = new Set(ids);
    this.#cancel((here) => here.owner === owner && cancelledIds.has(here.id));
  }

  /** Ends all tasks of an owner. */
  cancelAllOf(owner: string): void {
    this.#cancel((here) => here.owner === owner);
  }

  #cancel(test: (here: Here) => boolean): void {
    for (const here of [...this.#here].filter(test)) {
      here.isCancelled = true;
      if (here.call !== undefined) this.#deps.pool.cancel(here.call);
    }
  }

  /** An object that is on its way here. */
  coming(id: string): Promise<Uint8Array> | undefined {
    return this.#pulls.get(id)?.then((object) => object.viewed());
  }

  /** An object that a task takes, in memory as long as it runs; one that several want at once is fetched once. */
  async #object(arg: RefArg, here: Here): Promise<CallArg> {
    const object =
      this.#deps.store.get(arg.ref) ??
      (await (this.#pulls.get(arg.ref) ?? this.#pull(arg, here.owner ?? "")));
    const segment = await object.pinned();
    // Another argument may have failed meanwhile.
    if (here.isOver) object.unpin();
    else here.pinned.push(object);
    return { byteLength: object.byteLength, segment: segment.id };
  }

  #pull(arg: RefArg, owner: string): Promise<StoredObject> {
    const { bus, subjects, store } = this.#deps;
    let object: StoredObject | undefined;
    const pull = pullObject(bus, subjects, arg, (byteLength) => {
      // A peer has failed in the middle, and another is asked.
      object?.unpin();
      object?.free();
      object = store.create(byteLength, { owner, label: "copy", kind: "copy" });
      return object.pin()!.bytes.subarray(0, byteLength);
    })
      .then(() => {
        store.add(arg.ref, object!);
        return object!;
      })
      .catch((error) => {
        object?.free();
        throw error;
      })
      .finally(() => {
        object?.unpin();
        this.#pulls.delete(arg.ref);
      });
    this.#pulls.set(arg.ref, pull);
    return pull;
  }

  /** Arguments as a slot takes them: what has no room there goes into objects that end with the task. */
  #fitted(args: readonly CallArg[], here: Here): CallArg[] {
    const room = new SlotRoom();
    room.reserve(args.length * segmentItemBytes);
    return args.map((arg) => {
      if (!(arg instanceof Uint8Array) || room.takes(arg.byteLength)) return arg;
      const object = this.#stored(arg, { owner: here.owner ?? "", label: "argument", kind: "copy" });
      const segment = object.pin()!;
      object.free();
      here.pinned.push(object);
      return { byteLength: arg.byteLength, segment: segment.id };
    });
  }

  /** An object of what was in a message, or of what a worker has made shared memory for. */
  #stored(value: Uint8Array, facts: StoredFacts): StoredObject {
    const { store, segments } = this.#deps;
    if (value.buffer instanceof SharedArrayBuffer)
      return store.adopt(segments.adopt(value.buffer), value.byteLength, facts);
    const object = store.create(value.byteLength, facts);
    object.pin()!.bytes.set(value);
    object.unpin();
    return object;
  }
}

const cancelled = (label: string) => new TaskCancelledError(`${label} was cancelled`);
