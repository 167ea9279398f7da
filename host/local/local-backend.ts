import { setImmediate as nextTurn } from "node:timers/promises";
import type { ActorSpec, Backend, Variant } from "../../scheduler/client/backend.ts";
import { checkOwnGroup } from "../../scheduler/client/groups.ts";
import { foreignRef, handleIn } from "../../scheduler/client/held.ts";
import type { MemoryReport } from "../../scheduler/client/memory-report.ts";
import type { ModuleFacts } from "../../scheduler/client/module.ts";
import { type Handle, ObjectRef } from "../../scheduler/client/object-ref.ts";
import type { ClientStats } from "../../scheduler/client/stats.ts";
import { decodeTable } from "../../scheduler/client/tables.ts";
import {
  defaultMaxUnread,
  type KernelOptions,
  schedulingNames,
  templateOptions,
} from "../../scheduler/client/task-options.ts";
import type { Control } from "../../scheduler/control/control.ts";
import type { TaskTemplate } from "../../scheduler/dataflow/pending-task.ts";
import { backoffMs } from "../../scheduler/dataflow/retries.ts";
import type { Recording } from "../../scheduler/ownership/object-table.ts";
import type { HostEntry, HostView } from "../../scheduler/placement/host-table.ts";
import type { Labels } from "../../scheduler/placement/labels.ts";
import { VariantTimes } from "../../scheduler/placement/variant-times.ts";
import type { ActorAddress, ActorName } from "../../scheduler/protocol/actor-address.ts";
import {
  GetTimeoutError,
  InvalidTaskError,
  ShutdownError,
  TaskCancelledError,
  type WireError,
} from "../../scheduler/protocol/errors.ts";
import { randomId } from "../../scheduler/protocol/ids.ts";
import { defaultGrant, defaultLimits } from "../../scheduler/protocol/limits.ts";
import { signatureOf } from "../../scheduler/protocol/manifest.ts";
import { type GangPlace, inlineBytes, type Resources } from "../../scheduler/protocol/messages.ts";
import { EncodedTable } from "../../scheduler/protocol/table.ts";
import { decodeValue, type Encoded, planValue } from "../../scheduler/protocol/value.ts";
import { checkMemory } from "../check-memory.ts";
import { LocalGangs } from "../gangs/local-gangs.ts";
import { gpuFactsOf } from "../gpu/facts.ts";
import { GpuLane } from "../gpu/lane.ts";
import type { HostLimits } from "../limits.ts";
import { type LoadedModule, Modules } from "../modules.ts";
import { Children } from "../nested/children.ts";
import { Segments } from "../objects/segments.ts";
import { ObjectStore } from "../objects/store.ts";
import type { StoredObject } from "../objects/stored-object.ts";
import type { Call } from "../pool/call.ts";
import { Pool } from "../pool/pool.ts";
import { mayBlock } from "../pool/site.ts";
import { Spin } from "../pool/spin.ts";
import { printLog } from "../print-log.ts";
import { Traps } from "../traps/traps.ts";
import { Admission } from "./admission.ts";
import type { Plan } from "./fit-args.ts";
import { Gate, type Gating } from "./gate.ts";
import { Gather } from "./gather.ts";
import type { LocalActor } from "./local-actor.ts";
import { LocalActors } from "./local-actors.ts";
import { LocalChoice } from "./local-choice.ts";
import type { LocalGpuTask } from "./local-gpu-task.ts";
import { localMemory } from "./local-memory.ts";
import { LocalNested } from "./local-nested.ts";
import { LocalObject, type Owner } from "./local-object.ts";
import { LocalTarget } from "./local-target.ts";
import { LocalTask } from "./local-task.ts";
import { MapChunk } from "./map-task.ts";

/** A task, as what fails it sees it. */
type Failing = { fail(error: Error): void };

/** What only the program's own tasks have. */
type OfProgram = { maxUnread?: number | undefined; mapsByTasks?: boolean; gating?: Gating | undefined };

export type LocalBackendOptions = {
  control: Control;
  cpus: number;
  /** What the host offers beside its cpus. */
  resources?: Resources | undefined;
  labels?: Labels | undefined;
  limits: HostLimits;
  infeasibleAfterMs: number;
};

/**
 * A host for one client in the same process. Tasks go from the client to the workers, and their results back, without
 * any message; objects are in memory that both share.
 */
export class LocalBackend implements Backend, Owner {
  readonly id = randomId();
  readonly cpus: number;
  readonly modules: Modules;
  readonly store: ObjectStore;
  readonly pool: Pool;
  readonly admission: Admission;
  readonly gate: Gate;
  readonly gangs = new LocalGangs();
  readonly actors = new LocalActors(this);
  /** The GPU of this machine, which is looked for when a task wants it. */
  readonly gpu = new GpuLane({ changed: () => {}, warn: (text) => console.error(`wray: ${text}`) });
  /** Tasks for it that have not ended. */
  readonly gpuTasks = new Set<LocalGpuTask>();
  /** Tasks that wait for what they take. */
  readonly waiting = new Set<LocalTask>();
  /** Objects that wait for a module, or for a value that the program has still to bring. */
  readonly coming = new Set<LocalObject>();
  /** Calls that were run to their end. */
  tasksRun = 0;
  retriedCount = 0;
  readonly #host: Pick<HostEntry, "id" | "resources" | "labels">;
  readonly #control: Control;
  readonly #segments: Segments;
  readonly #traps: Traps;
  readonly #maxMemoryBytes: number;
  readonly #spin: Spin;
  readonly #stored = new WeakMap<StoredObject, WeakRef<LocalObject>>();
  readonly #variantTimes = new VariantTimes();
  readonly #failures: { task: Failing; error: Error }[] = [];
  #isFailing = false;
  /** Whether this thread is in `getSync`. */
  #isBlocked = false;
  /** Those that wait until they are run again. */
  readonly #delayed = new Set<LocalTask>();
  #objectCount = 0;

  constructor({ control, cpus, resources, labels = {}, limits, infeasibleAfterMs }: LocalBackendOptions) {
    const { objectStoreBytes: capacityBytes, spillFolder } = limits;
    this.cpus = cpus;
    this.#host = { id: randomId(), resources: { cpu: cpus, ...resources }, labels };
    this.#control = control;
    this.#maxMemoryBytes = limits.maxMemoryBytes;
    this.modules = new Modules(control, limits);
    this.#traps = new Traps(control);
    this.pool = new Pool(cpus, limits.stackBytes);
    this.gate = new Gate({
      ...{ cpus, host: this.#host, workers: this.pool, infeasibleAfterMs },
      fail: (task, error) => this.fail(task, error),
    });
    this.#segments = new Segments({
      maxIdleBytes: capacityBytes / 4,
      created: ({ id, bytes }) => this.pool.addSegment(id, bytes.buffer),
      dropped: (id) => this.pool.forgetSegment(id),
    });
    this.admission = new Admission(capacityBytes);
    this.store = new ObjectStore({ capacityBytes, segments: this.#segments, spillFolder });
    this.#spin = new Spin({ poll: () => this.pool.poll(), nowMs: () => performance.now() });
  }

  async prepare(sha256: string): Promise<void> {
    // Why it can't be run, its tasks tell.
    await this.modules.get(sha256).catch(() => {});
  }

  target({ sha256, manifest, needs }: ModuleFacts, kernel: string, options: KernelOptions): LocalTarget {
    checkOwnGroup(this.id, options.group);
    const isGpu = signatureOf(manifest, kernel)?.gpu !== undefined;
    if (isGpu) checkGpuOptions(`${manifest.module}/${kernel}`, options);
    const { maxRetries, retryErrors, onProgress, options: others } = templateOptions(options);
    const { grant = defaultGrant, seed, maxUnread, gang } = options;
    return this.targetOf(
      sha256,
      `${manifest.module}/${kernel}`,
      kernel,
      { ...others, seed, maxRetries, retryErrors, onProgress, depth: 0, place: gang },
      {
        maxUnread,
        mapsByTasks: mayBlock(needs, grant) || retryErrors !== undefined,
        gating: isGpu ? undefined : this.gate.gatingOf(options),
      },
    );
  }

  choice(variants: readonly Variant[]): LocalChoice {
    const targets = variants.map(({ module, kernel, options }) => this.target(module, kernel, options));
    return new LocalChoice(this, targets, this.#variantTimes);
  }

  targetOf(
    module: string,
    label: string,
    kernel: string,
    options: TaskTemplate["options"] &
      Pick<TaskTemplate, "maxRetries" | "retryErrors" | "onProgress"> & {
        depth: number;
        seed: string | undefined;
        place?: GangPlace | undefined;
      },
    { maxUnread = defaultMaxUnread, mapsByTasks = false, gating }: OfProgram = {},
  ): LocalTarget {
    const { limits, grant = defaultGrant, seed, clock, depth, place, ...others } = options;
    const { maxRetries, retryErrors, onProgress } = others;
    return new LocalTarget({
      backend: this,
      ...{ module, label },
      facts: {
        ...{ kernel, grant, clock, gang: place },
        limits: { ...defaultLimits, ...limits },
        seed: seed === undefined ? { kind: "numbered", prefix: `${this.id}-` } : { kind: "item" },
      },
      options: { maxRetries, retryErrors, seed, depth, onProgress },
      maxUnread,
      gating,
      // What may not start at once is a task for each call.
      mapsByTasks: mapsByTasks || gating !== undefined,
    });
  }

  makeActor(spec: ActorSpec, args: readonly unknown[]): LocalActor {
    return this.actors.make(spec, args);
  }

  async findActor(name: ActorName): Promise<ActorAddress> {
    return this.actors.find(name);
  }

  actorAt({ id }: ActorAddress): LocalActor {
    return this.actors.of(id);
  }

  /** The object that stands for an actor. */
  newActorObject(actor: LocalActor): LocalObject {
    const object = this.#newObject();
    object.standsFor(actor);
    return object;
  }

  put(value: unknown, _replicas?: number, holds: readonly Handle[] = []): LocalObject {
    if (typeof value === "number") {
      const object = this.#newObject();
      object.settle({ kind: "number", value });
      return object;
    }
    const inner = [...holds] as LocalObject[];
    const plan = planValue(value, {
      idOf: (given) => {
        const handle = handleIn(given);
        if (handle === undefined) return undefined;
        if (!this.owns(handle)) throw foreignRef(handle);
        inner.push(handle);
        return handle.id;
      },
    });
    const object = this.keep(plan, "put");
    if (inner.length > 0) object.holds([...new Set(inner)]);
    return object;
  }

  putLater(value: Promise<unknown>): LocalObject {
    const object = this.#newObject();
    this.settleLater(object, value, "put");
    return object;
  }

  /** Decides an object by a value that is still to come. */
  settleLater(object: LocalObject, value: Promise<unknown>, label: string): void {
    this.coming.add(object);
    value
      .then((value) => {
        const plan = planValue(value);
        if (!object.isReady) this.#fill(object, plan, label);
      })
      .catch((error) => object.settle({ kind: "failed", error }))
      .finally(() => this.coming.delete(object));
  }

  owns(handle: Handle): handle is LocalObject {
    return handle instanceof LocalObject && handle.owner === this && !handle.isFreed;
  }

  isReady(handle: Handle): boolean {
    return (handle as LocalObject).isReady;
  }

  whenReady(handle: Handle, listener: () => void): () => void {
    const object = handle as LocalObject;
    const waiter = { ready: listener };
    object.whenReady(waiter);
    return () => object.forget(waiter);
  }

  async value(handle: Handle): Promise<unknown> {
    return (await this.get([handle]))[0];
  }

  async get(handles: readonly Handle[]): Promise<unknown[]> {
    const objects = handles as readonly LocalObject[];
    const gather = new Gather(objects);
    try {
      // What comes from the GPU needs the event loop, and so no spinning.
      while (!gather.isOver && this.gpuTasks.size === 0 && this.#spin.until(() => gather.isOver))
        await nextTurn();
      if (!gather.isOver) await gather.wait();
      let isAllHere = true;
      const values = objects.map((object) => {
        const value = this.#value(object);
        if (value instanceof Promise) isAllHere = false;
        return value;
      });
      return isAllHere ? values : await Promise.all(values);
    } finally {
      gather.end();
    }
  }

  getSync(handle: Handle, timeoutMs: number): unknown {
    const object = handle as LocalObject;
    object.use();
    this.#isBlocked = true;
    try {
      if (!object.isReady) this.#block(object, timeoutMs);
      const value = this.#value(object);
      if (!(value instanceof Promise)) return value;
      value.catch(() => {});
      throw notNow(object, "it is a table, or on disk");
    } finally {
      this.#isBlocked = false;
      object.unuse();
    }
  }

  share(): never {
    throw onlyInCluster();
  }

  borrow(): never {
    throw onlyInCluster();
  }

  failure(handle: Handle): Error | undefined {
    const { content } = handle as LocalObject;
    return content.kind === "failed" ? content.error : undefined;
  }

  cancel(handle: Handle, error?: Error): void {
    (handle as LocalObject).task?.cancel(error);
  }

  endGang(group: string): void {
    this.gangs.forget(group);
  }

  recording(handle: Handle): Recording | undefined {
    const object = handle as LocalObject;
    if (!object.isReady || !object.isResult) return undefined;
    return object.recording ?? { seed: object.id };
  }

  get hosts(): HostView[] {
    return [
      {
        ...{ ...this.#host, cpus: this.cpus, state: "up", rssBytes: process.memoryUsage.rss() },
        ...(this.gpu.adapter && { gpu: gpuFactsOf(this.gpu.adapter) }),
        // One that was cancelled may still be on its way to its end.
        tasksPending: this.gpuTasks.size + this.#calls().filter((call) => !call.result.isReady).length,
        tasksRun: this.tasksRun,
      },
    ];
  }

  get stats(): ClientStats {
    return { tasksRetried: this.retriedCount, objectsMadeAgain: 0, hostsLost: 0 };
  }

  async memory(): Promise<MemoryReport> {
    const tasks = this.#calls()
      .filter((call) => call instanceof LocalTask)
      .map(({ site, args }) => ({ label: site.label, args }));
    for (const { facts, args } of this.gpuTasks) tasks.push({ label: facts.label, args });
    const objectOf = (stored: StoredObject) => this.#stored.get(stored)?.deref();
    return localMemory(this.#host.id, this.store, objectOf, tasks);
  }

  /** All that has not ended. */
  #calls(): (LocalTask | MapChunk)[] {
    const calls: Call[] = [...this.waiting, ...this.gate.waiting, ...this.pool.calls()];
    // What gets into the gate with objects waits for these until then.
    return [...new Set(calls)].filter((call) => call instanceof LocalTask || call instanceof MapChunk);
  }

  close(failure?: Error): void {
    const error = (what: string) =>
      failure ?? new ShutdownError(`the client was shut down before ${what} was done`);
    this.gate.failWaiting(error("an actor"));
    for (const object of this.coming) object.settle({ kind: "failed", error: error(`object ${object.id}`) });
    for (const call of this.#calls()) {
      if (call instanceof LocalTask) call.fail(error(call.site.label));
    }
    for (const task of this.gpuTasks) task.fail(error(task.facts.label));
  }

  /** Ends the workers, and lets go of all memory; views that the program has stay good. */
  async stop(): Promise<void> {
    this.actors.close();
    this.gate.close();
    await Promise.all([this.pool.drain(0), this.gpu.close()]);
    this.store.close();
  }

  /** An object of a task's result. */
  newResult(): LocalObject {
    const object = this.#newObject();
    object.isResult = true;
    return object;
  }

  /** An object of what a task has yielded. */
  newItem(value: Encoded, label: string): LocalObject {
    const object = this.#newObject();
    if (typeof value === "number") object.settle({ kind: "number", value });
    else if (value.buffer instanceof SharedArrayBuffer)
      this.settleWith(object, value.buffer, `item of ${label}`);
    else object.settle({ kind: "bytes", encoded: value });
    return object;
  }

  /** An object of a planned value. @throws ObjectStoreFullError, OutOfDiskError */
  readonly keep = (plan: Plan, label: string): LocalObject => {
    const object = this.#newObject();
    this.#fill(object, plan, label);
    return object;
  };

  /** An object for a small argument that has no room in a slot. @throws ObjectStoreFullError, OutOfDiskError */
  storeArgument({ byteLength }: Uint8Array, label: string): StoredObject {
    return this.store.create(byteLength, { owner: this.id, label: `argument of ${label}` });
  }

  /** Decides an object by what a worker has made. */
  settleWith(object: LocalObject, buffer: SharedArrayBuffer, label: string): void {
    try {
      const facts = { owner: this.id, label };
      this.settleStored(object, this.store.adopt(this.#segments.adopt(buffer), buffer.byteLength, facts));
    } catch (error) {
      object.settle({ kind: "failed", error: error as Error });
    }
  }

  /** Decides an object by a copy of a large value. */
  settleCopy(object: LocalObject, encoded: Uint8Array, label: string): void {
    try {
      const stored = this.store.create(encoded.byteLength, { owner: this.id, label });
      stored.pin()!.bytes.set(encoded);
      stored.unpin();
      this.settleStored(object, stored);
    } catch (error) {
      object.settle({ kind: "failed", error: error as Error });
    }
  }

  settleStored(object: LocalObject, stored: StoredObject): void {
    this.#stored.set(stored, new WeakRef(object));
    object.settle({ kind: "stored", object: stored });
  }

  /** Runs a task again after a while; at once if this thread is blocked, since no timer runs meanwhile. */
  retryLater(task: LocalTask, count: number): void {
    this.#delayed.add(task);
    if (this.#isBlocked) this.#runAgain(task);
    else setTimeout(() => this.#runAgain(task), backoffMs(count, Math.random()));
  }

  #runAgain(task: LocalTask): void {
    if (this.#delayed.delete(task)) task.again();
  }

  /** Fails a task. Those that take its result fail one after the other, and not in each other, however many they are. */
  fail(task: Failing, error: Error): void {
    this.#failures.push({ task, error });
    if (this.#isFailing) return;
    this.#isFailing = true;
    for (let index = 0; index < this.#failures.length; index++) {
      const failure = this.#failures[index]!;
      failure.task.fail(failure.error);
    }
    this.#failures.length = 0;
    this.#isFailing = false;
  }

  cancelled({ id }: LocalObject, label: string): TaskCancelledError {
    return new TaskCancelledError(`${label} was cancelled`, { data: { kernel: label, id } });
  }

  /** Tells an error with the places in the source that it came from, once these are known. */
  located({ sha256, translation }: LoadedModule, error: WireError, tell: (error: WireError) => void): void {
    if (error.data?.trap === undefined) tell(error);
    // No promise can come true while this thread is blocked.
    else if (this.#isBlocked) tell(this.#traps.locateNow(sha256, error, translation));
    else void this.#traps.locate(sha256, error, translation).then(tell);
  }

  /** @throws LimitExceededError when a task may have more memory than the host gives */
  checkMemory(label: string, memoryBytes: number): void {
    checkMemory(label, memoryBytes, this.#maxMemoryBytes);
  }

  /** What a running task, or an actor, of this id submits by itself. */
  childrenOf(task: Call, id: string, seed: string): Children {
    const { module, limits, grant } = task.site.facts;
    const nested = new LocalNested(this);
    return new Children({
      submitter: async () => nested,
      control: this.#control,
      parent: { sha256: module.sha256, limits, grant, seed, depth: task.depth },
      module: module.manifest.module,
      waiter: { id, label: task.site.label },
      countEnded: () => this.pool.countEnded(task),
    });
  }

  log(taskId: string, text: string): void {
    printLog(this.#host.id, taskId, text);
  }

  #newObject(): LocalObject {
    return new LocalObject(this, this.#objectCount++);
  }

  #fill(object: LocalObject, plan: Plan, label: string): void {
    if (plan.byteLength <= inlineBytes) {
      const encoded = new Uint8Array(plan.byteLength);
      plan.writeInto(encoded, 0);
      object.settle({ kind: "bytes", encoded });
      return;
    }
    const stored = this.store.create(plan.byteLength, { owner: this.id, label });
    plan.writeInto(stored.pin()!.bytes, 0);
    stored.unpin();
    this.settleStored(object, stored);
  }

  /** The value of a ready object; a promise when it has to be fetched from the disk, or is a table. */
  #value(object: LocalObject): unknown {
    const { content } = object;
    switch (content.kind) {
      case "number":
        return content.value;
      case "bytes":
        // A copy, which the program may change.
        return this.#decode(object, content.encoded.slice());
      case "stored": {
        const view = content.object.view();
        if (view !== undefined) return this.#decode(object, view);
        return content.object.viewed().then((bytes) => this.#decode(object, bytes));
      }
      case "failed":
        throw content.error;
      default:
        throw new RangeError(`object ${object.id} is not ready`);
    }
  }

  #decode(object: LocalObject, bytes: Uint8Array): unknown {
    const value = decodeValue(bytes, {
      refOf: (id) => {
        const inner = object.innerOf(id);
        return inner && new ObjectRef(inner);
      },
    });
    return value instanceof EncodedTable ? decodeTable(value) : value;
  }

  /** Blocks this thread until an object is ready. */
  #block(object: LocalObject, timeoutMs: number): void {
    const untilMs = performance.now() + timeoutMs;
    const { pool } = this;
    for (const task of this.#delayed) this.#runAgain(task);
    while (!object.isReady) {
      for (let looks = 0; looks < looksBeforeSleep && !object.isReady; looks++) pool.poll();
      if (object.isReady) return;
      if (pool.size === pool.blocked) throw notNow(object, "it waits for what this thread has to do");
      if (performance.now() >= untilMs) {
        throw new GetTimeoutError(`${object.id} was not ready within ${timeoutMs} ms`, {
          remedy: "Wait longer; the task goes on.",
          data: { timeoutMs, pending: [object.id] },
        });
      }
      pool.sleep();
      this.gate.tick();
    }
  }
}

/** The GPU does one task after the other, in their order. @throws InvalidTaskError for options of where and when one runs */
function checkGpuOptions(label: string, options: KernelOptions): void {
  const odd = schedulingNames.filter((name) => name !== "resources" && options[name] !== undefined);
  if (odd.length === 0) return;
  throw new InvalidTaskError(
    `${label} runs on the GPU of this process, and takes no option ${odd.join(", ")}`,
    {
      remedy: "Leave it out, or join a cluster, whose hosts do.",
      data: { kernel: label, option: odd[0] },
    },
  );
}

const onlyInCluster = () =>
  new InvalidTaskError("an embedded client has no other to share refs with", {
    remedy: "Join a cluster: init({ servers }).",
  });

/** About 50 µs. */
const looksBeforeSleep = 2_000;

const notNow = ({ id }: LocalObject, why: string) =>
  new InvalidTaskError(`getSync can't give the value of ${id} now: ${why}`, {
    remedy: "await get() of it.",
    data: { id },
  });
