import type { Control } from "../control/control.ts";
import { shippedModules } from "../control/control.ts";
import {
  checkModuleName,
  fetchModule,
  findModule,
  parseActorName,
  parseKernelName,
} from "../control/find-module.ts";
import { findActor, findKernel } from "../manifest/check.ts";
import { compileModule, openModule } from "../manifest/read.ts";
import type { Recording } from "../ownership/object-table.ts";
import type { HostView } from "../placement/host-table.ts";
import { defaultNamespace, parseAddress } from "../protocol/actor-address.ts";
import { GetTimeoutError, InvalidTaskError, ModuleNotFoundError, ShutdownError } from "../protocol/errors.ts";
import type { Resources } from "../protocol/messages.ts";
import { isName } from "../protocol/subjects.ts";
import { isTable } from "../protocol/table.ts";
import { within } from "../time/within.ts";
import { Actor, ActorClass, type ActorHandle, linkOf } from "./actors/actor.ts";
import type { ActorName, ActorOf, ActorsOf } from "./actors/actor-names.ts";
import type { ActorFunctions, UntypedActor } from "./actors/actor-types.ts";
import type { Backend } from "./backend.ts";
import { checkOptionNames } from "./check-options.ts";
import type { GpuKernelOptions, ShaderSource } from "./gpu-module.ts";
import { type Groups, groupsOf } from "./groups.ts";
import type { Job } from "./job.ts";
import { type DeadJob, type JobStatus, type Jobs, ofCluster } from "./jobs.ts";
import { Kernel } from "./kernel.ts";
import type { FunctionOf, KernelFunction, KernelName, KernelsOf, UntypedFunction } from "./kernel-types.ts";
import type { MemoryReport } from "./memory-report.ts";
import { type Making, Module, type ModuleFacts } from "./module.ts";
import type { Modules } from "./modules.ts";
import { type Handle, handleOf, ObjectRef, type ValuesOf } from "./object-ref.ts";
import type { GroupOptions, PlacementGroup } from "./placement-group.ts";
import { type LoadOptions, type ModuleSource, readSource } from "./read-source.ts";
import { type GpuKernelOf, SplitKernel } from "./split-kernel.ts";
import type { ClientStats } from "./stats.ts";
import { encodeTable } from "./tables.ts";
import { combine, variantsIn } from "./variants.ts";
import { checkWaitOptions, type WaitOptions, waitFor } from "./wait.ts";

/** How often it is looked whether a host has joined. */
const joinPollMs = 50;

const noOptions: { timeoutMs?: number } = {};
const isShipped = (module: string) => (shippedModules as readonly string[]).includes(module);

export type ClientDeps = {
  backend: Backend;
  control: Control;
  /** The jobs of a cluster. */
  jobs?: Jobs;
  /** What is reserved on the hosts of a cluster. */
  groups?: Groups;
  /** How long a module that comes with wray may take to come. */
  infeasibleAfterMs: number;
  /** Resolves with an error when the connection is lost for good. */
  closed?: Promise<Error | undefined>;
  /** Stops what was started for this client alone. */
  onShutdown(): Promise<void>;
};

/** A program's door to a cluster: it submits tasks and owns the refs of their results. */
export class Client {
  readonly id: string;
  readonly #backend: Backend;
  readonly #control: Control;
  readonly #jobs: Jobs | undefined;
  readonly #groups: Groups | undefined;
  readonly #infeasibleAfterMs: number;
  readonly #onShutdown: () => Promise<void>;
  readonly #modules = new Map<string, Promise<Module>>();
  #shutdown: Promise<void> | undefined;
  /** Why it was shut down, when the program did not ask for it. */
  #failure: Error | undefined;

  /** Programs get one by `init()`. */
  constructor({ backend, control, jobs, groups, infeasibleAfterMs, closed, onShutdown }: ClientDeps) {
    this.id = backend.id;
    this.#backend = backend;
    this.#control = control;
    this.#jobs = jobs;
    this.#groups = groups;
    this.#infeasibleAfterMs = infeasibleAfterMs;
    this.#onShutdown = onShutdown;
    void closed?.then((error) => {
      if (error === undefined) return;
      this.#failure = error;
      void this.shutdown();
    });
  }

  /**
   * Makes a module known to the cluster, by its hash, and by its name for clients without this library. Its source map
   * goes with it, so that the errors of its kernels tell where in the source they came from.
   * @param options.sourceMap the bytes of the source map, when it is not the file beside the module
   * @typeParam Name the module's name, for TypeScript to check calls by its typings; without it, they are checked
   * only at run time
   * @throws ModuleNotFoundError when the file can't be read
   * @throws InvalidTaskError when `sourceMap` is no source map, or too long
   * @throws ModuleRejectedError when it is no module
   */
  async load<Name extends keyof Modules = never>(
    source: ModuleSource,
    options?: LoadOptions,
  ): Promise<Module<KernelsOf<Name>, ActorsOf<Name>>> {
    this.#checkOpen();
    const { bytes, name, fileName, sourceMap } = await readSource(source, options);
    const module = await openModule(bytes, name, fileName);
    // The engine's own check, before anyone else gets it.
    await compileModule(bytes, name);
    const { sha256, manifest } = module;
    checkModuleName(manifest.module, name);
    await this.#control.putModule(sha256, bytes);
    if (sourceMap !== undefined) await this.#control.putSourceMap(sha256, sourceMap);
    if (!isShipped(manifest.module)) {
      await this.#control.nameModule(manifest.module, sha256);
    }
    await this.#backend.prepare(sha256);
    return new Module<KernelsOf<Name>, ActorsOf<Name>>(module, this.#making);
  }

  /**
   * A kernel that runs on GPUs: compute shaders of a WGSL file, whose text declares what it takes and what that is. Its
   * parameters are the uniforms and buffers of the shader that nothing else gives, in the order of their bindings; a struct is a
   * plain object. A result stays on the device until somebody needs it elsewhere. Tasks need `{ gpu: 1 / 16 }` by default, so
   * that a device has several at once.
   * @param source the path or `file:` URL of the WGSL file, or its text with a name
   * @typeParam Fn what the kernel is to TypeScript; without it, arguments are checked only at run time
   * @returns the kernel; with several outputs, one whose calls return a ref for each of them
   * @throws ModuleNotFoundError when the file can't be read; ModuleRejectedError for a shader without compute entry points, or
   * with what can't be bound; InvalidTaskError for options that don't fit it. What only a GPU's compiler finds, tasks fail with
   */
  async gpuKernel<Fn extends KernelFunction = UntypedFunction>(
    source: ShaderSource,
    options: GpuKernelOptions,
  ): Promise<GpuKernelOf<Fn>> {
    this.#checkOpen();
    // Most programs have no shaders, and need not read what reads them.
    const { gpuModule } = await import("./gpu-module.ts");
    const module = await this.load(await gpuModule(source, options));
    const [whole, ...fields] = module.manifest.kernels.map(({ name }) => module.kernel(name));
    const kernel = fields.length === 0 ? whole! : new SplitKernel(whole!, fields);
    return kernel as unknown as GpuKernelOf<Fn>;
  }

  /**
   * One kernel of several that do the same, such as one in WebAssembly and one for GPUs: each call is run by the one that costs
   * least for what it takes, as was measured before, and by another where there is no host for that one. The option `variant`
   * says which. Kernels that come with several variants are such already: `tensor/matmul`.
   * @param kernels by the names of these variants; all take and return the same
   * @throws InvalidTaskError when they don't, or when there is none
   */
  variants<Fn extends KernelFunction>(kernels: Readonly<Record<string, Kernel<Fn>>>): Kernel<Fn> {
    this.#checkOpen();
    return combine(kernels);
  }

  /**
   * A kernel by its name, `module/function`. The module is one that comes with wray or that was loaded before, by
   * anyone; it may also be given as a sha-256. TypeScript checks calls of it when it knows the module by its typings.
   * @throws ModuleNotFoundError, KernelNotFoundError
   */
  async remote<const Name extends string>(kernel: KernelName<Name>): Promise<Kernel<FunctionOf<Name>>> {
    this.#checkOpen();
    const { module, name } = parseKernelName(kernel);
    return (await this.#moduleOf(module)).kernel(name);
  }

  /**
   * An actor class by its name, `module/class`, as `remote` gives kernels: `actors/Counter` comes with wray.
   * @throws ModuleNotFoundError, KernelNotFoundError
   */
  async actor<const Name extends string>(actor: ActorName<Name>): Promise<ActorClass<ActorOf<Name>>> {
    this.#checkOpen();
    const { module, name } = parseActorName(actor);
    return (await this.#moduleOf(module)).actor(name) as unknown as ActorClass<ActorOf<Name>>;
  }

  /**
   * The handle of an actor that is there: of the one that has this name, or whose address a kernel or another program tells.
   * @param actor its name, or an address: what `share` of a handle returned, or a value of a kernel's class `Actor`
   * @param options.namespace where its name is. Default: `"default"`
   * @typeParam Functions what its typings say of it, such as `ActorModules["bank"]["Account"]`
   * @throws ActorNotFoundError, ModuleNotFoundError, InvalidTaskError
   */
  async getActor<Functions extends ActorFunctions = UntypedActor>(
    actor: string | { address: string },
    options: { namespace?: string } = {},
  ): Promise<ActorHandle<Functions>> {
    this.#checkOpen();
    checkOptionNames("getActor", options, ["namespace"]);
    const { namespace = defaultNamespace } = options;
    const text = typeof actor === "string" ? actor : actor.address;
    const parsed = isName(text) ? { namespace, name: text } : parseAddress(text);
    const address = "owner" in parsed ? parsed : await this.#backend.findActor(parsed);
    const ofClass = (await this.#moduleOf(address.sha256)).actor(address.actor);
    return ofClass.at(address) as unknown as ActorHandle<Functions>;
  }

  /**
   * Makes a value an object: it goes to each host once that needs it, however many tasks take it. The value is copied
   * at once; but a table of Apache Arrow is read a moment later, and its ref fails when it can't cross. Arrays and
   * plain objects may hold refs of this client, whose objects are kept as long as this one.
   * @param options.replicas on how many hosts of a cluster it is kept, rather than in this process: it is still there when
   * all but one of them are lost. Default: here alone. A small value, of up to 8 KiB, stays here in any case, and so does
   * one for which there are not so many hosts
   * @throws InvalidTaskError when the value can't cross
   */
  put<T>(value: T, options: { replicas?: number } = {}): ObjectRef<T> {
    this.#checkOpen();
    checkOptionNames("put", options, ["replicas"]);
    const { replicas = 1 } = options;
    if (!Number.isInteger(replicas) || replicas < 1) {
      throw new InvalidTaskError(`option replicas must be an integer from 1, but is ${replicas}`, {
        data: { option: "replicas" },
      });
    }
    const handle = isTable(value)
      ? this.#backend.putLater(encodeTable(value), replicas)
      : this.#backend.put(value, replicas);
    return new ObjectRef<T>(handle);
  }

  /**
   * A text that stands for a ref: another client of the cluster gets the same object by `borrow`. It is kept while this client
   * holds the ref, or any that has borrowed it does. The text of an actor's handle is for `getActor`.
   * @throws InvalidTaskError for what is no ref of this client, and for a ref of an embedded client
   */
  share(ref: ObjectRef | Actor): string {
    this.#checkOpen();
    return ref instanceof Actor ? linkOf(ref).address : this.#backend.share(this.#owned(ref));
  }

  /**
   * The ref that another client has shared: for all that one's own refs are for. Its object fails with OwnerDiedError when
   * that client dies before the value is here, and with ObjectLostError when that client has let go of it before.
   * @param shared what `share` returned
   * @throws InvalidTaskError for what it can't have returned, and for an embedded client
   */
  borrow<T = unknown>(shared: string): ObjectRef<T> {
    this.#checkOpen();
    return new ObjectRef<T>(this.#backend.borrow(shared));
  }

  /**
   * The value of a ref, or the values of a list of refs in its order. Rejects with the error of the first that fails.
   * @param options.timeoutMs rejects with GetTimeoutError when one is not ready after so long; 0 asks for what is
   * ready now. A value that is ready may take longer to get here.
   */
  get<T>(ref: ObjectRef<T>, options?: { timeoutMs?: number }): Promise<T>;
  get<const Refs extends readonly ObjectRef[]>(
    refs: Refs,
    options?: { timeoutMs?: number },
  ): Promise<ValuesOf<Refs>>;
  get(refs: ObjectRef | readonly ObjectRef[], options?: { timeoutMs?: number }): Promise<unknown> {
    // Not async, and without what only a timeout needs: most programs wait for very many refs, one by one.
    try {
      this.#checkOpen();
      const { timeoutMs } =
        options === undefined ? noOptions : checkWaitOptions("get", options, ["timeoutMs"]);
      const isList = Array.isArray(refs);
      const handles = isList ? refs.map(this.#owned) : [this.#owned(refs as ObjectRef)];
      const values = isList ? this.#backend.get(handles) : this.#backend.value(handles[0]!);
      return timeoutMs === undefined
        ? values
        : within(timeoutMs, values, () => this.#late(handles, timeoutMs));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The value of a ref, at once: this thread is blocked until it is there. It is the fastest way to call one kernel after
   * the other on an embedded host, where nothing has to go through the event loop. Meanwhile nothing else of the program
   * runs, timers and messages included, and a value that something else of the program has still to bring never comes:
   * that is refused where it is seen. In a cluster, only a value that is here already can be had so.
   * @param options.timeoutMs the longest to wait; 0 asks for what is ready now. Default: for ever
   * @throws InvalidTaskError when the value can't be had without the event loop: what arrives over the bus, a table, what
   * was spilled to disk, and what waits for any of these
   * @throws GetTimeoutError when it is not ready in time; and the error of the ref when it has failed
   */
  getSync<T>(ref: ObjectRef<T>, options: { timeoutMs?: number } = {}): T {
    this.#checkOpen();
    const { timeoutMs = Number.POSITIVE_INFINITY } = checkWaitOptions("getSync", options, ["timeoutMs"]);
    return this.#backend.getSync(this.#owned(ref), timeoutMs) as T;
  }

  /**
   * Lets go of objects at once: they are gone as soon as no unfinished task takes them, and no other object holds their
   * refs. Nothing else can be done with these refs afterwards. `using ref = …` does it at the end of a block; a ref that is
   * simply forgotten is let go of when JavaScript collects its garbage.
   * @throws InvalidTaskError for what is no ref of this client, or was freed before
   */
  free(refs: ObjectRef | readonly ObjectRef[]): void {
    this.#checkOpen();
    const list = refs instanceof ObjectRef || !Array.isArray(refs) ? [refs as ObjectRef] : refs;
    for (const handle of list.map((ref) => this.#owned(ref))) handle.free();
  }

  /**
   * Waits until `numReturns` of the refs are ready, or `timeoutMs` is over. A failed ref counts as ready. Both lists
   * keep the order of the input; `ready` has at most `numReturns`.
   * @throws InvalidTaskError for a ref given twice, or a `numReturns` that is not from 1 to the number of refs
   */
  async wait<T>(
    refs: readonly ObjectRef<T>[],
    options: WaitOptions = {},
  ): Promise<{ ready: ObjectRef<T>[]; pending: ObjectRef<T>[] }> {
    this.#checkOpen();
    for (const ref of refs) this.#owned(ref);
    return waitFor(refs, options, this.#backend);
  }

  /**
   * Ends a task: if it waits, it never runs; if it runs, it is stopped within some milliseconds, and what it has
   * submitted with it. Its ref fails with TaskCancelledError, as do the tasks that take it. Of a task that is done, or
   * a `put`, nothing changes.
   * @throws InvalidTaskError for what is no ref of this client
   */
  cancel(ref: ObjectRef): void {
    this.#checkOpen();
    this.#backend.cancel(this.#owned(ref));
  }

  /**
   * Ends an actor at once: its calls fail with ActorDiedError, those that run included, and so do all that come later.
   * @throws InvalidTaskError for what is no handle of an actor
   */
  kill(actor: Actor): void {
    this.#checkOpen();
    if (!(actor instanceof Actor))
      throw new InvalidTaskError(`${typeof actor} is no handle of an actor`, {
        remedy: "Pass what remote() of an actor class returned.",
      });
    linkOf(actor).kill();
  }

  /**
   * Moves an actor to another host, with all that it is; calls wait meanwhile, and none is lost or overtaken.
   * @param hostId one of `nodes()`
   * @throws InvalidTaskError for what is no handle or no host, when the actor is being made or moved, and for an embedded
   * client
   */
  migrate(actor: Actor, hostId: string): void {
    this.#checkOpen();
    if (!this.nodes().some(({ id }) => id === hostId))
      throw new InvalidTaskError(`there is no host ${JSON.stringify(hostId)}`, {
        remedy: `There are ${this.nodes()
          .map(({ id }) => id)
          .join(", ")}.`,
        data: { host: hostId },
      });
    linkOf(actor).move(hostId);
  }

  /**
   * All that a task heard that does not follow from its arguments, once it is done: the seed of its random numbers and
   * what its clock said. Given to `options()`, it makes the kernel return the same bytes for the same arguments.
   * @throws InvalidTaskError for a ref that is no task's
   */
  async recording(ref: ObjectRef): Promise<Recording> {
    await this.wait([ref]);
    const recording = this.#backend.recording(handleOf(ref));
    if (recording !== undefined) return recording;
    throw new InvalidTaskError(`${ref} is no task's, so there is nothing to replay`, {
      remedy: "Pass what remote() returned.",
    });
  }

  /**
   * Reserves resources on hosts, all of it or nothing: two clients never both hold the same. Resolves when all bundles
   * are this client's and nothing else runs in them. Tasks run there by the options `group` and `bundle`.
   * @param bundles what each has: `{ cpu: 2 }`, `{ cpu: 1, gpu: 1, memory: 1e9 }`
   * @throws InvalidTaskError for wrong arguments, and for an embedded client
   * @throws InfeasibleTaskError when the hosts could not hold it even if nobody else had anything
   * @throws GetTimeoutError when it takes longer than `timeoutMs`
   */
  async placementGroup(bundles: readonly Resources[], options?: GroupOptions): Promise<PlacementGroup> {
    this.#checkOpen();
    return groupsOf(this.#groups).reserve(bundles, options);
  }

  /**
   * A job by its id, whoever has submitted it.
   * @throws InvalidTaskError when that can be no id, and for an embedded client
   */
  job<T = unknown>(id: string): Job<T> {
    this.#checkOpen();
    return ofCluster(this.#jobs).job(id) as Job<T>;
  }

  /**
   * The jobs that the cluster knows of, those that are still to be done first: what `wray jobs list` prints.
   * @throws InvalidTaskError for an embedded client
   */
  async jobs(): Promise<JobStatus[]> {
    this.#checkOpen();
    return ofCluster(this.#jobs).list();
  }

  /** The jobs that have failed for good, and why: what `wray jobs dead` prints, and `Job.replay` submits again. */
  async deadJobs(): Promise<DeadJob[]> {
    this.#checkOpen();
    return ofCluster(this.#jobs).dead();
  }

  /** The hosts that this client knows. */
  nodes(): HostView[] {
    return this.#backend.hosts;
  }

  /** How often tasks, objects and hosts of this client were lost, and made up for. */
  stats(): ClientStats {
    return this.#backend.stats;
  }

  /**
   * What the hosts of the cluster, and the clients that they are connected to, hold, and why: what `wray memory` prints.
   */
  memory(): Promise<MemoryReport> {
    this.#checkOpen();
    return this.#backend.memory();
  }

  /** Leaves the cluster: pending refs fail with ShutdownError, and hosts forget this client's objects. */
  shutdown(): Promise<void> {
    this.#shutdown ??= (async () => {
      this.#backend.close(this.#failure);
      this.#jobs?.close(this.#failure);
      await this.#onShutdown();
    })();
    return this.#shutdown;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** What a name or a hash stands for, fetched once. */
  async #moduleOf(module: string): Promise<Module> {
    const sha256 = await this.#findModule(module);
    let loading = this.#modules.get(sha256);
    if (loading === undefined) {
      loading = this.#fetch(sha256);
      this.#modules.set(sha256, loading);
      loading.catch(() => this.#modules.delete(sha256));
    }
    return loading;
  }

  /** Modules that come with wray come with the first host, which may be about to join. */
  async #findModule(module: string): Promise<string> {
    const untilMs = performance.now() + this.#infeasibleAfterMs;
    while (true) {
      try {
        return await findModule(this.#control, module);
      } catch (error) {
        const mayCome = error instanceof ModuleNotFoundError && isShipped(module);
        if (!mayCome || performance.now() > untilMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, joinPollMs));
        this.#checkOpen();
      }
    }
  }

  async #fetch(sha256: string): Promise<Module> {
    const module = await fetchModule(this.#control, sha256);
    await this.#backend.prepare(sha256);
    return new Module(module, this.#making);
  }

  readonly #kernelOf = (module: ModuleFacts, name: string): Kernel => {
    const signature = findKernel(module.manifest, name);
    return new Kernel({
      ...{ backend: this.#backend, module, signature, jobs: this.#jobs, groups: this.#groups },
      checkOpen: this.#checkOpen,
      variants: variantsIn(module, signature),
    });
  };

  readonly #making: Making = {
    kernel: this.#kernelOf,
    actor: (module, name) =>
      new ActorClass({
        ...{ backend: this.#backend, module, checkOpen: this.#checkOpen },
        actor: findActor(module.manifest, name),
      }),
  };

  readonly #checkOpen = (): void => {
    if (this.#shutdown !== undefined) throw this.#failure ?? new ShutdownError("the client was shut down");
  };

  /** Why it is too late for some of these; undefined when all are ready. */
  #late(handles: readonly Handle[], timeoutMs: number): GetTimeoutError | undefined {
    const pending = handles.filter((handle) => !this.#backend.isReady(handle));
    if (pending.length === 0) return;
    return new GetTimeoutError(
      `${pending.length} of ${handles.length} refs were not ready within ${timeoutMs} ms`,
      {
        remedy: "Wait longer, or use wait to see which are ready; the tasks go on.",
        data: { timeoutMs, pending: pending.map(({ id }) => id) },
      },
    );
  }

  /** The handle of a ref. @throws InvalidTaskError for what is no ref of this client */
  readonly #owned = (ref: ObjectRef): Handle => {
    if (ref instanceof ObjectRef) {
      const handle = handleOf(ref);
      if (this.#backend.owns(handle)) return handle;
    }
    throw new InvalidTaskError(
      `${ref instanceof ObjectRef ? String(ref) : typeof ref} is no ref of this client, or was freed`,
      { remedy: "Pass what remote() or put() of this client returned." },
    );
  };
}
