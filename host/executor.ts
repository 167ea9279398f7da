import type { Bus } from "../scheduler/bus/bus.ts";
import type { Submission } from "../scheduler/dataflow/pending-task.ts";
import type { Holding } from "../scheduler/groups/bundles.ts";
import { checkArgBytes, checkArgRoom } from "../scheduler/manifest/check-limits.ts";
import { Departures } from "../scheduler/objects/departures.ts";
import { pullObject } from "../scheduler/objects/transfer.ts";
import type { IdleHosts } from "../scheduler/placement/idle-hosts.ts";
import { RunTimes } from "../scheduler/placement/run-times.ts";
import {
  InfeasibleTaskError,
  ObjectLostError,
  TaskCancelledError,
  TaskTimeoutError,
  toWireError,
  type WireError,
  WorkerCrashedError,
} from "../scheduler/protocol/errors.ts";
import {
  type ItemOutcome,
  inlineBytes,
  isRefArg,
  itemIdOf,
  type Load,
  type Outcome,
  type RefArg,
  type Resources,
  type ToHost,
} from "../scheduler/protocol/messages.ts";
import type { Subjects } from "../scheduler/protocol/subjects.ts";
import { byteLengthOf, bytesOf, copyOf, type Encoded } from "../scheduler/protocol/value.ts";
import { expired } from "../scheduler/queue/expired.ts";
import { HostScheduler } from "../scheduler/queue/host-scheduler.ts";
import { stateRoomBytes } from "./actors/actor-state.ts";
import { BusActors } from "./actors/bus-actors.ts";
import type { MethodEnd } from "./actors/method-call.ts";
import type { BusTask } from "./bus-task.ts";
import type { CallTemplate } from "./call-template.ts";
import type { Gangs } from "./gangs/gangs.ts";
import { DeviceValue } from "./gpu/device-value.ts";
import { GpuCall } from "./gpu/gpu-call.ts";
import type { GpuKernel, GpuResult } from "./gpu/gpu-kernel.ts";
import { type GpuArg, HeldObject } from "./gpu/held-arg.ts";
import type { GpuLane } from "./gpu/lane.ts";
import { MemoryGuard } from "./memory-guard.ts";
import type { ModuleSource } from "./modules.ts";
import { Children, type ChildrenDeps } from "./nested/children.ts";
import type { Segments } from "./objects/segments.ts";
import type { ObjectStore } from "./objects/store.ts";
import type { StoredFacts, StoredObject } from "./objects/stored-object.ts";
import type { Call } from "./pool/call.ts";
import type { CallPool } from "./pool/pool.ts";
import { segmentItemBytes } from "./ring/items.ts";
import { SlotRoom } from "./ring/slot-room.ts";
import { type CallArg, TaskCall, type TaskCallDeps, type TaskEnd } from "./task-call.ts";
import type { Traps } from "./traps/traps.ts";

export type ExecutorDeps = {
  bus: Bus;
  subjects: Subjects;
  modules: ModuleSource;
  store: ObjectStore;
  segments: Segments;
  pool: CallPool;
  /** The GPU, if this host offers one. */
  gpu: GpuLane | undefined;
  traps: Traps;
  /** The gangs of the tasks that are here. */
  gangs: Gangs;
  hostId: string;
  /** What this host offers. */
  resources: Resources;
  /** Other hosts that have asked for work; those that may have some; and how one of them is asked. */
  idle: IdleHosts;
  victims(): readonly string[];
  ask(hostId: string): void;
  /** Whether this owner is still there. */
  isPresent(owner: string): boolean;
  /** Others can count on less of this host, or on more: an actor has come that has something of it, or has gone. */
  keptChanged(): void;
  /** A placement group can use what it has reserved here. */
  settled(holding: Holding): void;
  /** Sends an owner what its running task says of how far it has come. */
  progressed(owner: string, taskId: string, fraction: number, text: string): void;
  /** Sends an owner what its running task has yielded. */
  yielded(owner: string, taskId: string, index: number, outcome: ItemOutcome): void;
  log(taskId: string, text: string): void;
  /** The most that a task's `memoryBytes` may be here. */
  maxMemoryBytes: number;
  /** The most memory that this process may have. */
  memoryLimitBytes: number;
  /** Tells the operator. */
  warn(text: string): void;
} & Pick<ChildrenDeps, "submitter" | "control">;

/** An object on its way here: it is kept for those of its owners that have not let go of it meanwhile. */
type Pull = { object: Promise<StoredObject>; readonly owners: Set<string> };

/** Runs tasks: gets the module and the arguments here, finds a worker, and keeps what is too large to travel. */
export class Executor {
  readonly #deps: ExecutorDeps;
  readonly #calls: TaskCallDeps;
  readonly #pulls = new Map<string, Pull>();
  /** The hosts that are gone for each owner. */
  readonly #departures = new Map<string, Departures>();
  /** Tasks on their way to a worker, and in one; those that were cancelled are told apart. */
  readonly #here = new Set<BusTask>();
  /** Those of them that may yield. */
  readonly #streaming = new Map<string, BusTask>();
  readonly #scheduler: HostScheduler<BusTask>;
  readonly #times = new RunTimes();
  readonly #memory: MemoryGuard;
  readonly #actors: BusActors;
  /** How many tasks the GPU has. */
  #onGpu = 0;
  #waking: NodeJS.Timeout | undefined;
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
    const { pool, log, progressed, resources, settled, idle, victims, ask } = deps;
    this.#memory = new MemoryGuard({
      limitBytes: deps.memoryLimitBytes,
      usedBytes: () => process.memoryUsage.rss(),
      relieve: () => this.#relieve(),
      shed: () => this.#shed(),
      nowMs: () => performance.now(),
    });
    this.#scheduler = new HostScheduler({
      ...{ resources, idle, victims, ask, random: Math.random },
      typicalMs: () => this.#times.typicalMs,
      load: () => this.load,
      start: (task) => this.#start(task),
      expired: (task) => this.#end(task, { kind: "error", error: toWireError(tooLate(task)) }),
      settled,
      giveBack: (task, returned) => this.#end(task, returned),
      isShort: () => this.#memory.isOver,
      wakeIn: (ms) => this.#wakeIn(ms),
    });
    const { gangs } = deps;
    this.#actors = new BusActors({
      ...{ pool, gangs, store: deps.store },
      valuesOf: (task) => this.#methodValues(task),
      bytesOf: (task, value) =>
        typeof value === "object" && "segment" in value ? task.pinned![0]!.bytes! : bytesOf(value),
      ended: (task, end) => this.#methodEnded(task, end),
      letGo: (task) => {
        this.#scheduler.letGo(task, performance.now());
        deps.keptChanged();
      },
      childrenOf: (template, turn, seed) =>
        this.#childrenOf(template, template.actor!.id, seed, () => pool.countEnded(turn)),
      log,
    });
    this.#calls = {
      pool,
      childrenOf: ({ template, id, seed }, countEnded) => this.#childrenOf(template, id, seed, countEnded),
      gangs: {
        join: (task, answer) => gangs.join(task.template.gang!, answer),
        moved: (task) => gangs.moved(task.template.gang!),
      },
      log: (task, text) => log(task.id, text),
      progress: (task, fraction, text) =>
        task.owner !== undefined && progressed(task.owner, task.id, fraction, text),
      yielded: (task, index, value) => this.#yielded(task, index, value),
      blocked: (task) => this.#scheduler.queue.blocked(task, performance.now()),
      resumed: (task) => this.#scheduler.queue.resumed(task),
      ended: (task, end, clock) => this.#callEnded(task, end, clock),
    };
  }

  /** Whether there is any task here. */
  get isIdle(): boolean {
    return this.#here.size === 0;
  }

  /** What of this host no placement group has reserved; undefined if none has anything. */
  get unreserved(): Resources | undefined {
    return this.#scheduler.queue.unreserved;
  }

  /** How much there is to do. */
  get load(): Load {
    const { pool } = this.#deps;
    const { bundled, unreserved, load } = this.#scheduler.queue;
    const running = Math.max(pool.running - bundled, 0);
    // What waits for its module or its arguments is about to wait for a cpu; what waits for tasks of its own has none.
    const queued = Math.max(this.#here.size - pool.running - pool.blocked - this.#onGpu, 0);
    return {
      ...{ queued, running, waitMs: load.waitMs },
      ...(unreserved !== undefined && { unreserved }),
    };
  }

  /** Runs a task, which is told of its end. One without an owner gets a large result whole; else it is kept here. */
  run(task: BusTask): void {
    this.#here.add(task);
    if (task.template.keepsNeed) {
      task.queuedMs = performance.now();
      this.#scheduler.arrived(task, task.queuedMs);
      return;
    }
    const { template, args } = task;
    if (template.gang !== undefined) this.#deps.gangs.begin(template.gang);
    if (template.actor !== undefined) {
      this.#actors.run(task);
      return;
    }
    if (task.window !== undefined) this.#streaming.set(task.id, task);
    if (!template.isReady || template.isGpu || args.some(isRefArg)) {
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
    const { template, owner } = task;
    if (!template.isReady) await this.#prepare(task);
    const values = template.isGpu ? undefined : await this.#gathered(task);
    if (values === undefined) await this.#gatherForGpu(task);
    if (task.hasEnded) return;
    if (owner !== undefined && !this.#deps.isPresent(owner)) this.#end(task, { kind: "returned" });
    else if (values === undefined) this.#arrived(task);
    else this.#call(task, values);
  }

  async #prepare({ template }: BusTask): Promise<void> {
    await template.prepare(this.#deps.modules, this.#deps.maxMemoryBytes);
  }

  /** Gets here what a task for the GPU takes, or to know that it is there already. */
  async #gatherForGpu(task: BusTask): Promise<void> {
    const { template, args } = task;
    const kernel = await this.#gpuKernel(task);
    if (kernel === undefined) {
      this.#end(task, { kind: "returned" });
      return;
    }
    const call = new GpuCall(kernel, template.limits);
    task.gpuCall = call;
    const given = args.map((arg, index) =>
      isRefArg(arg) ? this.#held(arg, task, call, kernel.staysOnDevice(index)) : arg,
    );
    call.args = await Promise.all(given);
    if (task.isCancelled) throw cancelled(template.label);
    const sizes = call.args.map((arg) => (arg instanceof HeldObject ? arg.object : arg));
    checkArgBytes(template.label, sizes, template.limits.maxArgumentBytes);
  }

  /** Undefined when there is no GPU any more, and the owner can have it run elsewhere. */
  async #gpuKernel({ template, owner }: BusTask): Promise<GpuKernel | undefined> {
    const { gpu } = this.#deps;
    try {
      if (gpu === undefined) throw new InfeasibleTaskError("this host offers no GPU");
      return await gpu.kernel(template.module, template.kernel);
    } catch (error) {
      // Where there was none, its owner would only have it sent here again.
      if (gpu?.isGone && owner !== undefined) return undefined;
      throw error;
    }
  }

  /** Whether tasks for a GPU can run here. */
  get hasGpu(): boolean {
    return this.#deps.gpu?.adapter !== undefined;
  }

  /** Runs a task of nobody's where there is what it needs: it becomes this host's own. */
  async runElsewhere(submission: Submission): Promise<Outcome> {
    const submitter = await this.#deps.submitter();
    const id = await submitter.submit(submission);
    await new Promise<void>((resolve) => submitter.whenReady(id, resolve));
    try {
      return { kind: "value", value: await submitter.value(id) };
    } catch (error) {
      return { kind: "error", error: toWireError(error) };
    } finally {
      submitter.drop(id);
    }
  }

  /** The host has so much of something from now on. */
  offer(name: string, amount: number): void {
    this.#scheduler.offer(name, amount, performance.now());
  }

  /** What a task takes, once its module is here as well. */
  async #gathered(task: BusTask): Promise<readonly CallArg[]> {
    const { template, args } = task;
    if (!template.isReady) await this.#prepare(task);
    // Its owner may have gone meanwhile, or let go of what it takes: nobody would let go of that again.
    if (task.isCancelled) throw cancelled(template.label);
    checkArgRoom(template.label, args.length);
    const isAllHere = !args.some(isRefArg);
    const values = isAllHere
      ? (args as readonly Encoded[])
      : await Promise.all(args.map((arg) => (isRefArg(arg) ? this.#object(arg, task) : arg)));
    if (task.isCancelled) throw cancelled(template.label);
    return values;
  }

  /** What the call of a method takes, beside the state of its actor in a slot. */
  #methodValues(task: BusTask): readonly CallArg[] | Promise<readonly CallArg[]> {
    const { template, args } = task;
    if (!template.isReady || args.some(isRefArg))
      return this.#gathered(task).then((values) => this.#methodFitted(task, values));
    return this.#methodFitted(task, args as readonly Encoded[]);
  }

  #methodFitted(task: BusTask, values: readonly CallArg[]): readonly CallArg[] {
    const { label, limits, actor } = task.template;
    // Checkpoints are its owner's, and not what a program gives it.
    if (actor!.does === "make" || actor!.does === "call")
      checkArgBytes(label, values, limits.maxArgumentBytes);
    return values.every(isNumber) ? values : this.#fitted(values, task, stateRoomBytes);
  }

  #methodEnded(task: BusTask, end: MethodEnd): void {
    switch (end.kind) {
      case "value":
        try {
          this.#end(task, this.#outcomeOf(task, copyOf(end.value)));
        } catch (error) {
          this.#end(task, { kind: "error", error: toWireError(error) });
        }
        return;
      case "error":
        if (task.template.isReady) void this.#located(task, end.error);
        else this.#end(task, end);
        return;
      case "returned":
        this.#end(task, end);
    }
  }

  /** How many tasks the GPU has. */
  get gpuCount(): number {
    return this.#onGpu;
  }

  /** How many actors are here. */
  get actorCount(): number {
    return this.#actors.count;
  }

  /** Ends actors of an owner. */
  endActors(owner: string, ids: readonly string[]): void {
    this.#actors.end(owner, ids);
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
    this.#arrived(task);
  }

  /** It has all that it needs, and waits for its turn. */
  #arrived(task: BusTask): void {
    const nowMs = performance.now();
    task.queuedMs = nowMs;
    task.estimateMs = this.#times.runMs(task.template.label, here);
    this.#scheduler.arrived(task, nowMs);
  }

  /** A worker has it, or soon will. */
  #start(task: BusTask): void {
    task.startedMs = performance.now();
    if (task.template.keepsNeed) {
      this.#scheduler.keep(task);
      this.#deps.keptChanged();
      this.#actors.run(task);
    } else if (task.gpuCall !== undefined) {
      void this.#runOnGpu(task, task.gpuCall);
    } else {
      this.#deps.pool.submit(task.call!);
    }
  }

  async #runOnGpu(task: BusTask, call: GpuCall): Promise<void> {
    let outcome: Outcome;
    // Whoever has no owner gets it whole.
    const mostBytes = task.owner === undefined ? Number.POSITIVE_INFINITY : inlineBytes;
    this.#onGpu++;
    try {
      outcome = await this.#gpuOutcome(task, await call.run(mostBytes), call);
    } catch (error) {
      // The GPU is gone: its owner has it run elsewhere.
      const isGone =
        error instanceof InfeasibleTaskError && this.#deps.gpu?.isGone && task.owner !== undefined;
      outcome = isGone ? { kind: "returned" } : { kind: "error", error: toWireError(error) };
    }
    this.#onGpu--;
    if (outcome.kind !== "error") this.#ran(task, call.ranMs);
    this.#scheduler.ended(task, performance.now());
    this.#end(task, task.isCancelled ? { kind: "returned" } : outcome);
  }

  /** A large result stays on the device until somebody needs it elsewhere; a small one travels with the message. */
  async #gpuOutcome(task: BusTask, result: GpuResult, call: GpuCall): Promise<Outcome> {
    const { owner, template } = task;
    if (!(result instanceof DeviceValue) || owner === undefined)
      return this.#outcomeOf(task, result as Encoded);
    if (task.isCancelled) return { kind: "returned" };
    this.#deps.store.add(
      task.id,
      call.keep(this.#deps.store, { owner, label: `result of ${template.label}` }),
    );
    return { kind: "stored", bytes: result.byteLength };
  }

  /** One timer for all that it wants to look after. */
  #wakeIn(ms: number): void {
    const atMs = performance.now() + ms;
    if (atMs >= this.#wakeMs) return;
    clearTimeout(this.#waking);
    this.#wakeMs = atMs;
    this.#waking = setTimeout(() => {
      this.#wakeMs = Number.POSITIVE_INFINITY;
      this.#scheduler.wake(performance.now());
    }, ms);
    this.#waking.unref();
  }

  /** Another host has so many free cpus: it gets tasks that wait here. Returns how many are still free. */
  asked(hostId: string, free: number): number {
    return this.#scheduler.asked(hostId, free, performance.now());
  }

  /** Reserves bundles for a placement group. */
  reserve(owner: string, { group, attempt, bundles }: Reserve): boolean {
    return this.#scheduler.reserve(owner, group, attempt, bundles);
  }

  /** Gives back bundles of a group, all if none are named. */
  unreserve(group: string, indexes?: readonly number[]): void {
    this.#scheduler.unreserve(group, indexes, performance.now());
    this.#deps.gangs.forget(group);
  }

  /** What placement groups of an owner have here. */
  holdingsOf(owner: string): Holding[] {
    return this.#scheduler.queue.holdingsOf(owner);
  }

  /** To be called now and then. */
  tick(): void {
    const nowMs = performance.now();
    this.#memory.tick();
    for (const task of this.#here) if (isOverdue(task, nowMs)) this.#deps.pool.withdraw(task.call!);
    this.#scheduler.tick(nowMs);
  }

  /** Memory is short: what waits goes elsewhere, and what is not in use to disk. */
  #relieve(): void {
    const { store, memoryLimitBytes, warn } = this.#deps;
    warn(
      `more than its ${memoryLimitBytes} bytes of memory are in use: it takes no more tasks, and spills objects`,
    );
    this.#scheduler.giveBackWaiting();
    store.shrink();
  }

  #shed(): boolean {
    const { pool, memoryLimitBytes, warn } = this.#deps;
    const byCall = new Map([...this.#here].map((task) => [task.call as Call | undefined, task]));
    const error = toWireError(
      new WorkerCrashedError("the host had no memory left, and has ended the task that it had begun last", {
        remedy:
          "Say by `resources: { memory }` what the task needs, or give the host more by --memory-limit-bytes.",
        data: { reason: "memory", memoryLimitBytes },
      }),
    );
    const isShed = pool.shed((call) => byCall.get(call)?.template.isOnce === false, error);
    if (isShed) warn("it ended the task that it had begun last, to be run again: there is no memory left");
    return isShed;
  }

  /** Stops looking for work. */
  close(): void {
    clearTimeout(this.#waking);
  }

  /** Gives back all that has not been started. */
  giveBackWaiting(): void {
    this.#scheduler.giveBackWaiting();
  }

  #callEnded(task: BusTask, end: TaskEnd, clock: number[] | undefined): void {
    if (end.kind === "returned" && !task.isCancelled) {
      this.#scheduler.withdrawn(task, performance.now());
      return;
    }
    this.#measure(task);
    if (task.isCancelled) {
      this.#end(task, { kind: "returned" });
      return;
    }
    switch (end.kind) {
      case "returned":
        this.#end(task, end);
        return;
      case "error":
        void this.#located(task, end.error);
        return;
      case "value":
        // Nobody would let go of what is stored for it.
        if (task.isCancelled && task.owner !== undefined) {
          this.#end(task, { kind: "returned" });
          return;
        }
        try {
          const outcome = this.#outcomeOf(task, end.value);
          this.#end(task, clock === undefined ? outcome : { ...outcome, clock });
        } catch (error) {
          this.#end(task, { kind: "error", error: toWireError(error) });
        }
    }
  }

  #measure(task: BusTask): void {
    const { ranMs } = task.call!;
    // One whose thread was ended tells nothing.
    if (ranMs > 0) this.#ran(task, ranMs);
    this.#scheduler.ended(task, performance.now());
  }

  #ran({ template }: BusTask, ranMs: number): void {
    this.#times.measured(template.label, here, ranMs);
    template.ranCount++;
    template.ranMs += ranMs;
  }

  #yielded(task: BusTask, index: number, value: Encoded): void {
    if (task.isCancelled) return;
    let outcome: ItemOutcome;
    try {
      outcome = this.#outcomeOf(task, value, index);
    } catch (error) {
      outcome = { kind: "error", error: toWireError(error) };
    }
    this.#deps.yielded(task.owner!, task.id, index, outcome);
  }

  /** The owner of a task has taken so many of its items. */
  taken(owner: string, id: string, count: number): void {
    const task = this.#streaming.get(id);
    if (task?.owner === owner) task.window!.taken(count);
  }

  /** What its owner gets of a value, that of the task or of an item: a large one is kept here. */
  #outcomeOf(task: BusTask, value: Encoded, item?: number): Extract<Outcome, { clock?: number[] }> {
    const { owner, template } = task;
    if (owner === undefined || typeof value === "number" || value.byteLength <= inlineBytes)
      return { kind: "value", value };
    const [id, what] = item === undefined ? [task.id, "result"] : [itemIdOf(task.id, item), "item"];
    const facts: StoredFacts = { owner, label: `${what} of ${template.label}` };
    this.#deps.store.add(id, this.#stored(value, facts));
    return { kind: "stored", bytes: value.byteLength };
  }

  async #located(task: BusTask, error: WireError): Promise<void> {
    const { sha256, module } = task.template;
    const located = await this.#deps.traps.locate(sha256, error, module.translation).catch(toWireError);
    this.#end(task, { kind: "error", error: located });
  }

  #end(task: BusTask, outcome: Outcome): void {
    this.#here.delete(task);
    if (task.window !== undefined && this.#streaming.get(task.id) === task) this.#streaming.delete(task.id);
    task.hasEnded = true;
    const { gang } = task.template;
    if (gang !== undefined)
      this.#deps.gangs.ended(gang, outcome.kind === "value" || outcome.kind === "stored");
    if (task.pinned !== undefined) for (const object of task.pinned) object.unpin();
    task.gpuCall?.release();
    task.ended(task, outcome);
  }

  /** @param id of the task, or of the actor */
  #childrenOf(template: CallTemplate, id: string, seed: string, countEnded: () => void): Children {
    const { submitter, control } = this.#deps;
    const { sha256, limits, grant, depth, module, priority } = template;
    const parent = { sha256, limits, grant, depth, seed, priority };
    const waiter = { id, label: template.label };
    return new Children({ submitter, control, parent, module: module.manifest.module, waiter, countEnded });
  }

  /** Ends tasks of an owner; what they come to, nobody wants to know, but of calls of actors' gangs. */
  cancel(owner: string | undefined, ids: readonly string[]): void {
    const cancelledIds = new Set(ids);
    this.#cancel((task) => task.owner === owner && cancelledIds.has(task.id) && !this.#actors.stop(task));
  }

  /** Whose tasks are here. */
  owners(): Set<string> {
    const owners = new Set<string>();
    for (const { owner } of this.#here) if (owner !== undefined) owners.add(owner);
    return owners;
  }

  /** Ends all tasks of an owner. Returns how many there were. */
  cancelAllOf(owner: string): number {
    this.#departures.delete(owner);
    const count = this.#cancel((task) => task.owner === owner);
    // Then, as what waits for what they have may be the owner's as well.
    this.#actors.endAllOf(owner);
    return count;
  }

  /** For an owner, a host is gone: nothing of the owner's is fetched from there any more. */
  gone(owner: string, hostId: string): void {
    this.#departures.get(owner)?.gone(hostId);
  }

  /** An owner lets go of an object, which may be on its way here. */
  release(owner: string, id: string): void {
    this.#deps.store.release(id, owner);
    this.#pulls.get(id)?.owners.delete(owner);
  }

  /** An owner lets go of all of its objects. Returns how many were here. */
  releaseAllOf(owner: string): number {
    for (const { owners } of this.#pulls.values()) owners.delete(owner);
    return this.#deps.store.releaseAllOf(owner);
  }

  /** Fetches an object and keeps it for its owner. Returns its size in bytes. @throws ObjectLostError, ObjectStoreFullError, OutOfDiskError */
  async keep(owner: string, arg: RefArg): Promise<number> {
    const object = await this.#fetched(arg, owner, { owner, label: "replica" });
    if (object.isFreed) throw new ObjectLostError(`${arg.ref} was let go of by its owner on the way`);
    return object.byteLength;
  }

  #cancel(test: (task: BusTask) => boolean): number {
    const tasks = [...this.#here].filter(test);
    for (const task of tasks) {
      task.isCancelled = true;
      const isQueued = task.call !== undefined || task.gpuCall?.args !== undefined || task.template.keepsNeed;
      if (task.startedMs === undefined) {
        // It waits, and is passed over when it comes up.
        if (isQueued) this.#end(task, { kind: "returned" });
      } else if (task.call !== undefined) {
        this.#deps.pool.cancel(task.call);
      }
    }
    this.#scheduler.queue.fill(performance.now());
    return tasks.length;
  }

  /** An object that is on its way here. */
  coming(id: string): Promise<Uint8Array> | undefined {
    return this.#pulls.get(id)?.object.then((object) => object.viewed());
  }

  /** An object that a task takes, in memory as long as it runs; one that several want at once is fetched once. */
  async #object(arg: RefArg, task: BusTask): Promise<CallArg> {
    const owner = task.owner ?? "";
    while (true) {
      const object = await this.#fetched(arg, owner, { owner, label: "copy" });
      try {
        const segment = await object.pinned();
        // Another argument may have failed meanwhile.
        if (task.hasEnded) object.unpin();
        else task.pin(object);
        return { byteLength: object.byteLength, segment: segment.id };
      } catch (error) {
        // Its owner may let go of it on the way, for the sake of another task: then it comes once more.
        if (!object.isFreed || task.hasEnded || task.isCancelled) throw this.#lostHere(arg, error);
      }
    }
  }

  /** The same for a task on the GPU, which takes what is there where it is. */
  async #held(arg: RefArg, task: BusTask, call: GpuCall, mayStay: boolean): Promise<GpuArg> {
    const owner = task.owner ?? "";
    while (true) {
      const object = await this.#fetched(arg, owner, { owner, label: "copy" });
      try {
        return call.hold(await HeldObject.hold(object, mayStay));
      } catch (error) {
        if (!object.isFreed || task.hasEnded || task.isCancelled) throw this.#lostHere(arg, error);
      }
    }
  }

  /** An object that could not be brought back, from the disk or from the GPU, is here no more: its owner hears so. */
  #lostHere({ ref }: RefArg, error: unknown): unknown {
    if (!(error instanceof ObjectLostError)) return error;
    const { store, hostId } = this.#deps;
    store.drop(ref);
    return new ObjectLostError(`object ${ref} is lost: ${error.message}`, {
      data: { id: ref, at: [{ kind: "host", id: hostId }] },
      cause: error,
    });
  }

  /** An object that is here, or comes here from one of its peers. */
  #fetched(arg: RefArg, owner: string, facts: StoredFacts): StoredObject | Promise<StoredObject> {
    const pull = this.#pulls.get(arg.ref);
    if (pull === undefined) return this.#deps.store.share(arg.ref, owner) ?? this.#pull(arg, owner, facts);
    pull.owners.add(owner);
    return pull.object;
  }

  #departuresFor(owner: string): Departures {
    let departures = this.#departures.get(owner);
    if (departures === undefined) {
      departures = new Departures();
      this.#departures.set(owner, departures);
    }
    return departures;
  }

  #pull(arg: RefArg, owner: string, facts: StoredFacts): Promise<StoredObject> {
    const { bus, subjects, store } = this.#deps;
    let object: StoredObject | undefined;
    const allocate = (byteLength: number) => {
      // A peer has failed in the middle, and another is asked.
      object?.unpin();
      object?.free();
      object = store.create(byteLength, facts);
      return object.pin()!.bytes.subarray(0, byteLength);
    };
    const pulling = pullObject(bus, subjects, arg, allocate, { departures: this.#departuresFor(owner) })
      .then(() => {
        for (const each of pull.owners) object!.owners.add(each);
        if (!pull.owners.has(owner)) object!.owners.delete(owner);
        if (pull.owners.size > 0) store.add(arg.ref, object!);
        else object!.free();
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
    const pull: Pull = { object: pulling, owners: new Set([owner]) };
    this.#pulls.set(arg.ref, pull);
    return pulling;
  }

  /** Arguments as a slot takes them: what has no room there goes into objects that end with the task. */
  #fitted(args: readonly CallArg[], task: BusTask, otherBytes = 0): CallArg[] {
    const room = new SlotRoom();
    room.reserve(args.length * segmentItemBytes + otherBytes);
    return args.map((given) => {
      if (typeof given === "object" && "segment" in given) return given;
      if (room.takes(byteLengthOf(given))) return given;
      const arg = bytesOf(given);
      const object = this.#stored(arg, { owner: task.owner ?? "", label: "argument" });
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

/** A task that was put in line and has not begun after so long, in ms, is behind one that takes long. */
const stuckMs = 100;

const isOverdue = ({ startedMs, canMove, isCancelled, call }: BusTask, nowMs: number) =>
  call !== undefined && startedMs !== undefined && nowMs - startedMs > stuckMs && canMove && !isCancelled;

type Reserve = Pick<Extract<ToHost, { kind: "reserve" }>, "group" | "attempt" | "bundles">;

/** Run times are those of this host. */
const here = "";
function tooLate({ template: { label }, dueMs, expiresMs }: BusTask): Error {
  if (dueMs === undefined || dueMs !== expiresMs) return expired(label);
  return new TaskTimeoutError(`${label} was not begun by its deadline`, {
    remedy: "Raise deadlineMs, or start more hosts.",
    data: { kernel: label, limit: "deadlineMs" },
  });
}

const cancelled = (label: string) => new TaskCancelledError(`${label} was cancelled`);

const isNumber = (arg: CallArg) => typeof arg === "number";
/** Numbers that have room in every slot. */
const mostQuickArguments = 8;
