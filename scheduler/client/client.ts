import type { Bus } from "../bus/bus.ts";
import type { Control } from "../control/control.ts";
import { shippedModules } from "../control/control.ts";
import { checkModuleName, fetchModule, findModule, parseKernelName } from "../control/find-module.ts";
import { findKernel } from "../manifest/check.ts";
import { compileModule, openModule } from "../manifest/read.ts";
import type { Recording } from "../ownership/object-table.ts";
import type { HostView } from "../placement/host-table.ts";
import { GetTimeoutError, InvalidTaskError, ModuleNotFoundError, ShutdownError } from "../protocol/errors.ts";
import { randomId } from "../protocol/ids.ts";
import type { Subjects } from "../protocol/subjects.ts";
import { EncodedTable, isTable } from "../protocol/table.ts";
import { decodeValue, encodeValue } from "../protocol/value.ts";
import { within } from "../time/within.ts";
import { Kernel } from "./kernel.ts";
import type { FunctionOf, KernelName, KernelsOf } from "./kernel-types.ts";
import type { MemoryReport } from "./memory-report.ts";
import { Module, type ModuleFacts } from "./module.ts";
import type { Modules } from "./modules.ts";
import { ObjectRef, type ValuesOf } from "./object-ref.ts";
import { type LoadOptions, type ModuleSource, readSource } from "./read-source.ts";
import { Submitter } from "./submitter.ts";
import { decodeTable, encodeTable } from "./tables.ts";
import { checkWaitOptions, type WaitOptions, waitFor } from "./wait.ts";

/** How often it is looked whether a host has joined. */
const joinPollMs = 50;

const isShipped = (module: string) => (shippedModules as readonly string[]).includes(module);

export type ClientDeps = {
  bus: Bus;
  control: Control;
  subjects: Subjects;
  infeasibleAfterMs: number;
  /** Resolves with an error when the connection is lost for good. */
  closed?: Promise<Error | undefined>;
  /** Stops what was started for this client alone. */
  onShutdown(): Promise<void>;
};

/** A program's door to a cluster: it submits tasks and owns the refs of their results. */
export class Client {
  readonly id = randomId();
  readonly #control: Control;
  readonly #submitter: Submitter;
  readonly #infeasibleAfterMs: number;
  readonly #onShutdown: () => Promise<void>;
  readonly #modules = new Map<string, Promise<Module>>();
  readonly #droppedRefs = new FinalizationRegistry<string>((id) => this.#submitter.drop(id));
  #shutdown: Promise<void> | undefined;
  /** Why it was shut down, when the program did not ask for it. */
  #failure: Error | undefined;

  private constructor({ bus, control, subjects, infeasibleAfterMs, onShutdown }: ClientDeps) {
    this.#control = control;
    this.#infeasibleAfterMs = infeasibleAfterMs;
    this.#onShutdown = onShutdown;
    this.#submitter = new Submitter({ bus, subjects, id: this.id, infeasibleAfterMs });
  }

  /** A client that has heard of the hosts that are there. */
  static async connect(deps: ClientDeps): Promise<Client> {
    const client = new Client(deps);
    void deps.closed?.then((error) => {
      if (error === undefined) return;
      client.#failure = error;
      void client.shutdown();
    });
    const leases = await deps.control.leases();
    await client.#submitter.greet(leases.map(({ host }) => host));
    return client;
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
  ): Promise<Module<KernelsOf<Name>>> {
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
    return new Module(module, this.#kernelOf);
  }

  /**
   * A kernel by its name, `module/function`. The module is one that comes with wray or that was loaded before, by
   * anyone; it may also be given as a sha-256. TypeScript checks calls of it when it knows the module by its typings.
   * @throws ModuleNotFoundError, KernelNotFoundError
   */
  async remote<const Name extends string>(kernel: KernelName<Name>): Promise<Kernel<FunctionOf<Name>>> {
    this.#checkOpen();
    const { module, name } = parseKernelName(kernel);
    const sha256 = await this.#findModule(module);
    let loading = this.#modules.get(sha256);
    if (loading === undefined) {
      loading = fetchModule(this.#control, sha256).then((module) => new Module(module, this.#kernelOf));
      this.#modules.set(sha256, loading);
      loading.catch(() => this.#modules.delete(sha256));
    }
    return (await loading).kernel(name);
  }

  /**
   * Makes a value an object: it goes to each host once that needs it, however many tasks take it. The value is copied
   * at once; but a table of Apache Arrow is read a moment later, and its ref fails when it can't cross.
   * @throws InvalidTaskError when the value can't cross
   */
  put<T>(value: T): ObjectRef<T> {
    this.#checkOpen();
    if (isTable(value)) {
      return this.#ref(
        this.#submitter.putLater(encodeTable(value).then((table) => encodeValue(table))),
      ) as ObjectRef<T>;
    }
    return this.#ref(this.#submitter.put(encodeValue(value))) as ObjectRef<T>;
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
  async get(refs: ObjectRef | readonly ObjectRef[], options: { timeoutMs?: number } = {}): Promise<unknown> {
    this.#checkOpen();
    const { timeoutMs } = checkWaitOptions("get", options, ["timeoutMs"]);
    const list = Array.isArray(refs) ? (refs as readonly ObjectRef[]) : [refs as ObjectRef];
    for (const ref of list) this.#checkOwned(ref);
    const values = Promise.all(list.map((ref) => this.#value(ref)));
    const late = () => {
      const pending = list.filter((ref) => !this.#isReady(ref));
      if (pending.length === 0) return;
      return new GetTimeoutError(
        `${pending.length} of ${list.length} refs were not ready within ${timeoutMs} ms`,
        {
          remedy: "Wait longer, or use wait to see which are ready; the tasks go on.",
          data: { timeoutMs, pending: pending.map((ref) => ref.id) },
        },
      );
    };
    const result = await (timeoutMs === undefined ? values : within(timeoutMs, values, late));
    return Array.isArray(refs) ? result : result[0];
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
    for (const ref of refs) this.#checkOwned(ref);
    return waitFor(refs, options, (id, listener) => this.#submitter.whenReady(id, listener));
  }

  /**
   * Ends a task: if it waits, it never runs; if it runs, it is stopped within some milliseconds, and what it has
   * submitted with it. Its ref fails with TaskCancelledError, as do the tasks that take it. Of a task that is done, or
   * a `put`, nothing changes.
   * @throws InvalidTaskError for what is no ref of this client
   */
  cancel(ref: ObjectRef): void {
    this.#checkOpen();
    this.#checkOwned(ref);
    this.#submitter.cancel(ref.id);
  }

  /**
   * All that a task heard that does not follow from its arguments, once it is done: the seed of its random numbers and
   * what its clock said. Given to `options()`, it makes the kernel return the same bytes for the same arguments.
   * @throws InvalidTaskError for a ref that is no task's
   */
  async recording(ref: ObjectRef): Promise<Recording> {
    await this.wait([ref]);
    const recording = this.#submitter.recording(ref.id);
    if (recording !== undefined) return recording;
    throw new InvalidTaskError(`${ref} is no task's, so there is nothing to replay`, {
      remedy: "Pass what remote() returned.",
    });
  }

  /** The hosts that this client knows. */
  nodes(): HostView[] {
    return this.#submitter.hosts;
  }

  /**
   * What the hosts of the cluster, and the clients that they are connected to, hold, and why: what `wray memory` prints.
   */
  memory(): Promise<MemoryReport> {
    this.#checkOpen();
    return this.#submitter.askMemory();
  }

  /** Leaves the cluster: pending refs fail with ShutdownError, and hosts forget this client's objects. */
  shutdown(): Promise<void> {
    this.#shutdown ??= (async () => {
      this.#submitter.close(this.#failure);
      await this.#onShutdown();
    })();
    return this.#shutdown;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
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

  readonly #kernelOf = ({ sha256, manifest, needs }: ModuleFacts, name: string): Kernel =>
    new Kernel({
      ...{ module: sha256, label: `${manifest.module}/${name}`, needs, classes: manifest.classes },
      signature: findKernel(manifest, name),
      owns: (ref) => this.#submitter.owns(ref.id),
      submit: (submission) => {
        this.#checkOpen();
        return this.#ref(this.#submitter.submit(submission));
      },
    });

  #ref(id: string): ObjectRef {
    const ref = new ObjectRef(id);
    this.#droppedRefs.register(ref, id);
    return ref;
  }

  async #value(ref: ObjectRef): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#submitter.whenReady(ref.id, (state) => {
        // Until then this closure holds the ref, so that its object is not let go of.
        this.#submitter
          .fetch(ref.id, state)
          .then((bytes) => {
            const value = decodeValue(bytes);
            return value instanceof EncodedTable ? decodeTable(value) : value;
          })
          .then(resolve, reject);
      });
    });
  }

  #isReady(ref: ObjectRef): boolean {
    let isReady = false;
    this.#submitter.whenReady(ref.id, () => {
      isReady = true;
    })();
    return isReady;
  }

  #checkOpen(): void {
    if (this.#shutdown !== undefined) throw this.#failure ?? new ShutdownError("the client was shut down");
  }

  #checkOwned(ref: ObjectRef): void {
    if (ref instanceof ObjectRef && this.#submitter.owns(ref.id)) return;
    throw new InvalidTaskError(
      `${ref instanceof ObjectRef ? String(ref) : typeof ref} is no ref of this client`,
      {
        remedy: "Pass what remote() or put() of this client returned.",
      },
    );
  }
}
