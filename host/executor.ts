import type { Bus } from "../scheduler/bus/bus.ts";
import { checkArgBytes, checkArgRoom } from "../scheduler/manifest/check-limits.ts";
import { pullObject } from "../scheduler/objects/transfer.ts";
import { TaskCancelledError, toWireError, type WireError } from "../scheduler/protocol/errors.ts";
import { inlineBytes, isRefArg, type Outcome, type RefArg } from "../scheduler/protocol/messages.ts";
import type { Subjects } from "../scheduler/protocol/subjects.ts";
import { byteLengthOf, bytesOf, type Encoded } from "../scheduler/protocol/value.ts";
import type { BusTask } from "./bus-task.ts";
import type { Modules } from "./modules.ts";
import { Children, type ChildrenDeps } from "./nested/children.ts";
import type { Segments } from "./objects/segments.ts";
import type { ObjectStore } from "./objects/store.ts";
import type { StoredFacts, StoredObject } from "./objects/stored-object.ts";
import type { Pool } from "./pool/pool.ts";
import { segmentItemBytes } from "./ring/items.ts";
import { SlotRoom } from "./ring/slot-room.ts";
import { type CallArg, TaskCall, type TaskCallDeps, type TaskEnd } from "./task-call.ts";
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

/** Runs tasks: gets the module and the arguments here, finds a worker, and keeps what is too large to travel. */
export class Executor {
  readonly #deps: ExecutorDeps;
  readonly #calls: TaskCallDeps;
  readonly #pulls = new Map<string, Promise<StoredObject>>();
  /** Tasks on their way to a worker, and in one; those that were cancelled are told apart. */
  readonly #here = new Set<BusTask>();

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
    const { pool, log, progressed } = deps;
    this.#calls = {
      pool,
      childrenOf: (task, countEnded) => this.#childrenOf(task, countEnded),
      log: (task, text) => log(task.id, text),
      progress: (task, fraction, text) =>
        task.owner !== undefined && progressed(task.owner, task.id, fraction, text),
      ended: (task, end, clock) => this.#callEnded(task, end, clock),
    };
  }

  /** Whether there is any task here. */
  get isIdle(): boolean {
    return this.#here.size === 0;
  }

  /** Tasks here that no worker runs yet. */
  get queued(): number {
    return this.#here.size - this.#deps.pool.running - this.#deps.pool.blocked;
  }

  /** Runs a task, which is told of its end. One without an owner gets a large result whole; else it is kept here. */
  run(task: BusTask): void {
    this.#here.add(task);
    const { template, args } = task;
    if (!template.isReady || args.some(isRefArg)) {
      this.#gather(task).catch((error) => this.#end(task, { kind: "error", error: toWireError(error) }));
      return;
    }
    try {
      this.#call(task, args as readonly Encoded[]);
    } catch (error) {
      this.#end(task, { kind: "error", error: toWireError(error) });
    }
  }

  /** Gets here what a task needs, and runs it then. */
  async #gather(task: BusTask): Promise<void> {
    const { modules, maxMemoryBytes, isPresent } = this.#deps;
    const { template, args, owner } = task;
    if (!template.isReady) await template.prepare(modules, maxMemoryBytes);
    checkArgRoom(template.label, args.length);
    const isAllHere = !args.some(isRefArg);
    const values = isAllHere
      ? (args as readonly Encoded[])
      : await Promise.all(args.map((arg) => (isRefArg(arg) ? this.#object(arg, task) : arg)));
    if (task.isCancelled) throw cancelled(template.label);
    if (owner !== undefined && !isPresent(owner)) this.#end(task, { kind: "returned" });
    else this.#call(task, values);
  }

  #call(task: BusTask, values: readonly CallArg[]): void {
    const { pool } = this.#deps;
    const { template } = task;
    if (values.length > mostQuickArguments || !values.every(isNumber)) {
      checkArgRoom(template.label, values.length);
      values = this.#fitted(values, task);
    }
    checkArgBytes(template.label, values, template.limits.maxArgumentBytes);
    const site = template.siteIn(pool, task.ownSeed === undefined ? "numbered" : "item");
    task.call = new TaskCall(this.#calls, site, task, values);
    pool.submit(task.call);
  }

  #callEnded(task: BusTask, end: TaskEnd, clock: number[] | undefined): void {
    switch (end.kind) {
      case "returned":
        this.#end(task, end);
        return;
      case "error":
        void this.#located(task, end.error);
        return;
      case "value":
        try {
          const outcome = this.#outcomeOf(task, end.value);
          this.#end(task, clock === undefined ? outcome : { ...outcome, clock });
        } catch (error) {
          this.#end(task, { kind: "error", error: toWireError(error) });
        }
    }
  }

  /** What its owner gets of a value: a large one is kept here. */
  #outcomeOf(task: BusTask, value: Encoded): Extract<Outcome, { clock?: number[] }> {
    const { owner, template } = task;
    if (owner === undefined || typeof value === "number" || value.byteLength <= inlineBytes)
      return { kind: "value", value };
    const facts: StoredFacts = { owner, label: `result of ${template.label}`, kind: "result" };
    this.#deps.store.add(task.id, this.#stored(value, facts));
    return { kind: "stored", bytes: value.byteLength };
  }

  async #located(task: BusTask, error: WireError): Promise<void> {
    const { sha256, module } = task.template;
    const located = await this.#deps.traps.locate(sha256, error, module.translation).catch(toWireError);
    this.#end(task, { kind: "error", error: located });
  }

  #end(task: BusTask, outcome: Outcome): void {
    this.#here.delete(task);
    task.isOver = true;
    if (task.pinned !== undefined) for (const object of task.pinned) object.unpin();
    task.ended(task, outcome);
  }

  #childrenOf({ template, seed }: BusTask, countEnded: () => void): Children {
    const { submitter, control } = this.#deps;
    const { sha256, limits, grant, depth, module } = template;
    const parent = { sha256, limits, grant, depth, seed };
    return new Children({ submitter, control, parent, module: module.manifest.module, countEnded });
  }

  /** Ends tasks of an owner; what they come to, nobody wants to know. */
  cancel(owner: string, ids: readonly string[]): void {
    const cancelledIds = new Set(ids);
    this.#cancel((task) => task.owner === owner && cancelledIds.has(task.id));
  }

  /** Ends all tasks of an owner. */
  cancelAllOf(owner: string): void {
    this.#cancel((task) => task.owner === owner);
  }

  #cancel(test: (task: BusTask) => boolean): void {
    for (const task of [...this.#here].filter(test)) {
      task.isCancelled = true;
      if (task.call !== undefined) this.#deps.pool.cancel(task.call);
    }
  }

  /** An object that is on its way here. */
  coming(id: string): Promise<Uint8Array> | undefined {
    return this.#pulls.get(id)?.then((object) => object.viewed());
  }

  /** An object that a task takes, in memory as long as it runs; one that several want at once is fetched once. */
  async #object(arg: RefArg, task: BusTask): Promise<CallArg> {
    const object =
      this.#deps.store.get(arg.ref) ??
      (await (this.#pulls.get(arg.ref) ?? this.#pull(arg, task.owner ?? "")));
    const segment = await object.pinned();
    // Another argument may have failed meanwhile.
    if (task.isOver) object.unpin();
    else task.pin(object);
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
  #fitted(args: readonly CallArg[], task: BusTask): CallArg[] {
    const room = new SlotRoom();
    room.reserve(args.length * segmentItemBytes);
    return args.map((given) => {
      if (typeof given === "object" && "segment" in given) return given;
      if (room.takes(byteLengthOf(given))) return given;
      const arg = bytesOf(given);
      const object = this.#stored(arg, { owner: task.owner ?? "", label: "argument", kind: "copy" });
      const segment = object.pin()!;
      object.free();
      task.pin(object);
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

const isNumber = (arg: CallArg) => typeof arg === "number";
/** Numbers that have room in every slot. */
const mostQuickArguments = 8;
