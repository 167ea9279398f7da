import { ItemStream } from "../dataflow/item-stream.ts";
import type { TaskTemplate } from "../dataflow/pending-task.ts";
import { findKernel } from "../manifest/check.ts";
import { checkArgBytes } from "../manifest/check-limits.ts";
import type { ReadyState, Recording } from "../ownership/object-table.ts";
import type { HostView } from "../placement/host-table.ts";
import { type ActorAddress, type ActorName, handleValue } from "../protocol/actor-address.ts";
import { InvalidTaskError } from "../protocol/errors.ts";
import { defaultLimits } from "../protocol/limits.ts";
import { inlineBytes } from "../protocol/messages.ts";
import { EncodedTable } from "../protocol/table.ts";
import { decodeValue, type Encoded, encodeValue } from "../protocol/value.ts";
import { claimOf, detachedOptions } from "./actors/actor-options.ts";
import { BusActor, planOf } from "./actors/bus-actor.ts";
import type { ActorSpec, Backend, MapArg, Streaming, Target, Variant } from "./backend.ts";
import { BusHandle, type Holds } from "./bus-handle.ts";
import { busItems } from "./bus-items.ts";
import { checkOwnGroup } from "./groups.ts";
import { foreignRef, handleIn } from "./held.ts";
import { MapByTasks } from "./map-by-tasks.ts";
import type { MemoryReport } from "./memory-report.ts";
import type { ModuleFacts } from "./module.ts";
import { type Handle, ObjectRef } from "./object-ref.ts";
import type { ClientStats } from "./stats.ts";
import type { Submitter } from "./submitter.ts";
import { decodeTable } from "./tables.ts";
import { defaultMaxUnread, type KernelOptions, templateOptions } from "./task-options.ts";

/** The hosts of a cluster, as a client has them at its end of the wire. */
export class BusBackend implements Backend, Holds {
  readonly id: string;
  readonly #submitter: Submitter;
  readonly #maps = new Map<string, MapByTasks>();
  readonly #dropped = new FinalizationRegistry<string>((id) => this.#submitter.drop(id));

  constructor(submitter: Submitter) {
    this.id = submitter.id;
    this.#submitter = submitter;
  }

  async prepare(): Promise<void> {}

  target(module: ModuleFacts, kernel: string, options: KernelOptions): Target {
    const variant = { module, kernel, options };
    return this.#targetOf(variant, this.#templateOf(variant));
  }

  choice(variants: readonly Variant[]): Target {
    const [first] = variants;
    const templates = variants.map((each) => this.#templateOf(each));
    return this.#targetOf(first!, { ...templates[0]!, variants: templates });
  }

  #templateOf({ module, kernel, options }: Variant): TaskTemplate {
    checkOwnGroup(this.id, options.group);
    const label = `${module.manifest.module}/${kernel}`;
    return { label, module: module.sha256, kernel, ...templateOptions(options) };
  }

  #targetOf({ module, kernel, options }: Variant, template: TaskTemplate): Target {
    const { label } = template;
    const { maxArgumentBytes, seed, maxUnread = defaultMaxUnread } = options;
    const argsOf = (given: readonly unknown[]) => this.#argsOf(label, given, maxArgumentBytes);
    const submit = (given: readonly unknown[], ownSeed = seed): BusHandle => {
      const args = argsOf(given);
      const handle = new BusHandle(this.#submitter.newId(), this);
      this.#submitter.submit({ template, args, seed: ownSeed }, handle);
      return handle;
    };
    const streaming: TaskTemplate = { ...template, options: { ...template.options, stream: maxUnread } };
    const stream = (given: readonly unknown[]): Streaming => {
      const args = argsOf(given);
      const handle = new BusHandle(this.#submitter.newId(), this);
      const { id } = handle;
      const tell = (count: number) => this.#submitter.taken(id, count);
      const stream = new ItemStream<BusHandle>({ maxUnread, tell });
      const items = busItems(stream, (item, state) => this.#ready(item, state));
      this.#submitter.submit({ template: streaming, args, seed, items }, handle);
      return { result: handle, items: stream };
    };
    const signature = findKernel(module.manifest, kernel);
    return {
      submit: (args) => submit(args),
      stream,
      map: (args, count) => this.#map({ signature, args, count, seed, submit }),
    };
  }

  makeActor(spec: ActorSpec, given: readonly unknown[]): BusActor {
    const { module, actor, options } = spec;
    checkOwnGroup(this.id, options.group);
    const label = `${module.manifest.module}/${actor.name}`;
    const args = this.#argsOf(label, given, options.maxArgumentBytes);
    const claim = claimOf(options);
    const { actors } = this.#submitter;
    const plan = (id: string) => planOf(id, label, spec, args);
    if (options.lifetime === undefined) return this.#actor(actors.make(plan, claim), spec);
    const request = { ...claim!, options: detachedOptions(options), args };
    return this.#actor(actors.makeDetached(plan, request), spec);
  }

  findActor(name: ActorName): Promise<ActorAddress> {
    return this.#submitter.actors.find(name);
  }

  actorAt(address: ActorAddress, spec: ActorSpec): BusActor {
    // A detached one has no need of being held, and other owners in its time.
    if (address.detached !== undefined) return this.#actor(address, spec, this.put(handleValue(address)));
    this.#submitter.borrow(address.id, address.owner);
    return this.#actor(address, spec);
  }

  #actor(
    address: ActorAddress,
    { module, actor, options }: ActorSpec,
    handle = this.#handle(address.id),
  ): BusActor {
    const { actors } = this.#submitter;
    const isDetached = options.lifetime === "detached";
    return new BusActor({ actors, address, handle, isDetached }, (method, given, gang) => {
      const { name } = actor.methods[method - 1]!;
      const label = `${module.manifest.module}/${actor.name}.${name}`;
      const args = this.#argsOf(label, given, options.maxArgumentBytes);
      const keeper = new BusHandle(this.#submitter.newId(), this);
      actors.call(address, { number: method, name }, args, { id: keeper.id, keeper, gang });
      return keeper;
    });
  }

  /** The arguments of a call as they go into messages. @throws LimitExceededError */
  #argsOf(
    label: string,
    given: readonly unknown[],
    maxArgumentBytes = defaultLimits.maxArgumentBytes,
  ): readonly (Encoded | string)[] {
    const args = given.every(isNumber) ? given : given.map((arg) => this.#argOf(arg));
    checkArgBytes(label, args, maxArgumentBytes);
    return args;
  }

  put(value: unknown, replicas?: number, holds: readonly Handle[] = []): BusHandle {
    const inner = new Set(holds.map(({ id }) => id));
    const encoded = encodeValue(value, {
      idOf: (given) => {
        const handle = handleIn(given);
        if (handle === undefined) return undefined;
        if (!this.owns(handle)) throw foreignRef(handle);
        this.#share(handle as BusHandle);
        inner.add(handle.id);
        return handle.id;
      },
    });
    return this.#handle(this.#submitter.put(encoded, [...inner], replicas));
  }

  putLater(value: Promise<unknown>, replicas?: number): BusHandle {
    const encoded = value.then((value) => encodeValue(value));
    return this.#handle(this.#submitter.putLater(encoded, replicas));
  }

  share(handle: Handle): string {
    this.#share(handle as BusHandle);
    this.#submitter.lend(handle.id);
    return `${this.#submitter.ownerOf(handle.id)}/${handle.id}`;
  }

  borrow(shared: string): BusHandle {
    const [, owner, id] = /^([\w-]{1,64})\/([\w.-]{1,128})$/.exec(shared) ?? [];
    if (owner === undefined) {
      throw new InvalidTaskError(`${JSON.stringify(shared)} is nothing that share() returned`, {
        remedy: "Pass on the text that share() of another client returned, as it is.",
      });
    }
    this.#submitter.borrow(id!, owner);
    return this.#handle(id!);
  }

  owns(handle: Handle): boolean {
    return handle instanceof BusHandle && handle.holder === this && !handle.isFreed;
  }

  isReady(handle: Handle): boolean {
    return (handle as BusHandle).own !== undefined || this.#submitter.isReady(handle.id);
  }

  whenReady(handle: Handle, listener: (state: ReadyState) => void): () => void {
    const { own, id } = handle as BusHandle;
    if (own === undefined) return this.#submitter.whenReady(id, listener);
    listener(own);
    return () => {};
  }

  value(handle: Handle): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // Until then this closure holds the handle, so that its object is not let go of.
      this.#onReady(handle, (state) => this.#take(handle, state, resolve, reject));
    });
  }

  get(handles: readonly Handle[]): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      const values = new Array<unknown>(handles.length);
      let missingCount = handles.length;
      if (missingCount === 0) resolve(values);
      for (const [index, handle] of handles.entries()) {
        const take = (value: unknown) => {
          values[index] = value;
          if (--missingCount === 0) resolve(values);
        };
        this.#onReady(handle, (state) => this.#take(handle, state, take, reject));
      }
    });
  }

  getSync(handle: Handle): unknown {
    const { id, own } = handle as BusHandle;
    if (own?.kind === "failed") throw own.error;
    const bytes = own === undefined ? this.#submitter.localValue(id) : own.value;
    if (bytes === undefined) throw notNow(id, "nothing arrives over the bus while this thread is blocked");
    const value = this.#decode(id, bytes);
    if (!(value instanceof Promise)) return value;
    value.catch(() => {}); // Nobody waits for it.
    throw notNow(id, "it is a table");
  }

  failure(handle: Handle): Error | undefined {
    const state = (handle as BusHandle).own ?? this.#submitter.state(handle.id);
    return state?.kind === "failed" ? state.error : undefined;
  }

  cancel({ id }: Handle, error?: Error): void {
    this.#maps.get(id)?.cancel();
    this.#submitter.cancel(id, error);
  }

  endGang(group: string): void {
    this.#submitter.actors.endGang(group);
  }

  recording(handle: Handle): Recording | undefined {
    const { id, ownRecording } = handle as BusHandle;
    const recording = ownRecording ?? this.#submitter.recording(id);
    return recording && { seed: id, ...recording };
  }

  get hosts(): HostView[] {
    return this.#submitter.hosts;
  }

  get stats(): ClientStats {
    return this.#submitter.stats;
  }

  memory(): Promise<MemoryReport> {
    return this.#submitter.askMemory();
  }

  close(failure?: Error): void {
    this.#submitter.close(failure);
  }

  letGo(handle: BusHandle): void {
    this.#dropped.unregister(handle);
    if (handle.own === undefined) this.#submitter.drop(handle.id);
    handle.own = undefined;
  }

  watch(handle: BusHandle): void {
    this.#dropped.register(handle, handle.id, handle);
  }

  #handle(id: string): BusHandle {
    const handle = new BusHandle(id, this);
    this.watch(handle);
    return handle;
  }

  /** An object that is ready; a value that no host has is its handle's. */
  #ready(id: string, state: ReadyState): BusHandle {
    if (state.kind === "remote") {
      this.#submitter.own(id, state);
      return this.#handle(id);
    }
    const handle = new BusHandle(id, this);
    handle.take(state, undefined);
    return handle;
  }

  /** An argument as it is submitted: an object goes by its id. */
  #argOf(given: unknown): Encoded | string {
    if (typeof given === "number") return given;
    if (!(given instanceof BusHandle)) return encodeValue(given);
    this.#share(given);
    return given.id;
  }

  /** Others are to know its object, too. */
  #share(handle: BusHandle): void {
    const { id, own, ownRecording } = handle;
    if (own === undefined) return;
    this.#submitter.own(id, own, ownRecording);
    handle.own = undefined;
    handle.ownRecording = undefined;
    this.watch(handle);
  }

  #map({ signature, args, count, seed: given, submit }: Omit<BusMap, "backend">): BusHandle {
    let map: MapByTasks | undefined;
    const handle = this.putLater(
      // A moment later: until then the object, whose id is the seed, does not exist.
      Promise.resolve().then(() => map!.results),
    );
    const { id } = handle;
    const seed = given ?? id;
    this.#submitter.record(id, { seed });
    map = new MapByTasks({ backend: this, signature, args, count, seed, submit });
    this.#maps.set(id, map);
    map.results.catch(() => {}).finally(() => this.#maps.delete(id));
    return handle;
  }

  #onReady(handle: Handle, listener: (state: ReadyState) => void): void {
    const { own, id } = handle as BusHandle;
    if (own === undefined) this.#submitter.onReady(id, listener);
    else listener(own);
  }

  /** The value of a ready object: at once, if that is possible. */
  #take(
    { id }: Handle,
    state: ReadyState,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
  ): void {
    if (state.kind === "failed") {
      reject(state.error);
    } else if (state.kind === "remote") {
      this.#submitter
        .fetch(id, state)
        .then((bytes) => this.#decode(id, bytes))
        .then(resolve, reject);
    } else {
      try {
        const value = this.#decode(id, state.value);
        if (value instanceof Promise) value.then(resolve, reject);
        else resolve(value);
      } catch (error) {
        reject(error as Error);
      }
    }
  }

  /** The value of an object; the refs in it are of the client that owns it. */
  #decode(of: string, encoded: Encoded): unknown {
    if (typeof encoded === "number") return encoded;
    // Of a small one, a copy, which the program may change.
    const value = decodeValue(encoded.byteLength <= inlineBytes ? encoded.slice() : encoded, {
      refOf: (id) => {
        this.#submitter.borrow(id, this.#submitter.ownerOf(of));
        return new ObjectRef(this.#handle(id));
      },
    });
    return value instanceof EncodedTable ? decodeTable(value) : value;
  }
}

const isNumber = (value: unknown): value is number => typeof value === "number";

type BusMap = {
  signature: ReturnType<typeof findKernel>;
  args: readonly MapArg[];
  count: number;
  seed: string | undefined;
  submit(args: readonly unknown[], seed: string): BusHandle;
};

const notNow = (id: string, why: string) =>
  new InvalidTaskError(`getSync can't give the value of ${id} now: ${why}`, {
    remedy: "await get() of it.",
    data: { id },
  });
