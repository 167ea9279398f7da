import type { MapArg, Streaming, Target } from "../../scheduler/client/backend.ts";
import { MapByTasks } from "../../scheduler/client/map-by-tasks.ts";
import { findKernel } from "../../scheduler/manifest/check.ts";
import { checkArgRoom, checkGrant } from "../../scheduler/manifest/check-limits.ts";
import { signatureOf } from "../../scheduler/protocol/manifest.ts";
import { planValue } from "../../scheduler/protocol/value.ts";
import type { LoadedModule } from "../modules.ts";
import type { Site, SiteFacts } from "../pool/site.ts";
import { type FittedArgs, fitArgs, type GivenArg } from "./fit-args.ts";
import type { Gating } from "./gate.ts";
import { GatedTask } from "./gated-task.ts";
import type { LocalBackend } from "./local-backend.ts";
import { LocalGpuTask } from "./local-gpu-task.ts";
import { LocalItems } from "./local-items.ts";
import { LocalObject } from "./local-object.ts";
import { type LocalArg, LocalTask, type LocalTaskOptions } from "./local-task.ts";
import { MapTask } from "./map-task.ts";

export type LocalTargetDeps = {
  backend: LocalBackend;
  /** The module's sha-256. */
  module: string;
  /** `module/function`, for messages. */
  label: string;
  facts: Omit<SiteFacts, "module" | "isMap">;
  options: LocalTaskOptions;
  /** How far its calls may be ahead that yield items. */
  maxUnread: number;
  /** When its tasks may start; if it is not said, as soon as there is a worker. */
  gating?: Gating | undefined;
  /** Whether the calls of a map may wait for others. */
  mapsByTasks: boolean;
};

const none: readonly LocalObject[] = [];

/** A kernel with its options on an embedded host. */
export class LocalTarget implements Target {
  readonly #deps: LocalTargetDeps;
  readonly #loading: Promise<unknown>;
  #module: LoadedModule | undefined;
  #site: Site | undefined;
  /** Whether it runs on the GPU, once that is known. */
  #isGpu = false;
  /** The same for calls that may yield. */
  #streaming: LocalTarget | undefined;

  constructor(deps: LocalTargetDeps) {
    this.#deps = deps;
    const { backend, module, label, facts } = deps;
    const take = (loaded: LoadedModule) => {
      checkGrant(label, loaded.needs, facts.grant);
      backend.checkMemory(label, facts.limits.memoryBytes);
      this.#isGpu = signatureOf(loaded.manifest, facts.kernel)?.gpu !== undefined;
      this.#module = loaded;
    };
    const loaded = backend.modules.loaded(module);
    // At once, if it is here: `getSync` may ask for the result before any promise comes true.
    this.#loading =
      loaded === undefined
        ? backend.modules.get(module).then(take)
        : new Promise((done) => done(take(loaded)));
    this.#loading.catch(() => {}); // Each task hears of it.
  }

  /** `module/function` */
  get label(): string {
    return this.#deps.label;
  }

  /** Whether it runs on the GPU, once its module is here. */
  get isGpu(): boolean {
    return this.#isGpu;
  }

  submit(given: readonly unknown[]): LocalObject {
    for (const arg of given) if (typeof arg !== "number") return this.#begin(this.#fit(given));
    return this.#begin({ args: given as number[], kept: none });
  }

  stream(given: readonly unknown[]): Streaming {
    const { facts, options, maxUnread } = this.#deps;
    this.#streaming ??= new LocalTarget({ ...this.#deps, facts: { ...facts, stream: maxUnread } });
    const items = new LocalItems(maxUnread);
    const result = this.#streaming.#begin(this.#fit(given), { ...options, items });
    result.whenReady(items);
    return { result, items: items.stream };
  }

  /** The same as `submit` with values that are planned already. */
  submitPlanned(given: readonly GivenArg[]): LocalObject {
    return this.#begin(this.#fitPlanned(given));
  }

  #fit(given: readonly unknown[]): FittedArgs {
    return this.#fitPlanned(
      given.map((arg) => (typeof arg === "number" || arg instanceof LocalObject ? arg : planValue(arg))),
    );
  }

  #fitPlanned(given: readonly GivenArg[]): FittedArgs {
    const { backend, label, facts } = this.#deps;
    return fitArgs(label, given, facts.limits.maxArgumentBytes, backend.keep);
  }

  map(given: readonly MapArg[], count: number): LocalObject {
    const { backend, facts, options, mapsByTasks, label } = this.#deps;
    checkArgRoom(label, given.length);
    const result = backend.newResult();
    if (mapsByTasks) {
      this.#whenLoaded(result, () => this.#mapByTasks(result, given, count));
      return result;
    }
    // Arrays are read by all chunks.
    const args = given.map((arg) =>
      typeof arg === "number" ? arg : backend.keep(planValue(arg), "argument of a map"),
    );
    this.#whenLoaded(result, () => {
      const site = backend.pool.site({ ...facts, module: this.#module!, isMap: true });
      new MapTask(backend, site, result, args, count, options).start();
    });
    return result;
  }

  /** Calls that may wait for tasks of theirs are tasks, so that none keeps others from a worker. */
  #mapByTasks(result: LocalObject, args: readonly MapArg[], count: number): void {
    const { backend, facts, options } = this.#deps;
    const { manifest } = this.#module!;
    const seed = options.seed ?? result.id;
    const site = backend.pool.site({ ...facts, module: this.#module!, isMap: false, seed: { kind: "item" } });
    const map = new MapByTasks({
      ...{ backend, args, count, seed },
      signature: findKernel(manifest, facts.kernel),
      submit: (callArgs, seed) => {
        const { args, kept } = this.#fit(callArgs);
        const object = backend.newResult();
        this.#task(site, object, args, { ...options, seed }).start();
        for (const each of kept) each.free();
        return object;
      },
    });
    result.task = {
      cancel: () => {
        result.settle({ kind: "failed", error: backend.cancelled(result, site.label) });
        map.cancel();
      },
    };
    backend.settleLater(result, map.results, `result of ${site.label}`);
  }

  #begin({ args, kept }: FittedArgs, options = this.#deps.options): LocalObject {
    checkArgRoom(this.#deps.label, args.length);
    const { backend } = this.#deps;
    const result = backend.newResult();
    if (this.#module !== undefined) {
      this.#start(result, args, options);
      for (const object of kept) object.free();
      return result;
    }
    const objects = args.filter((arg) => arg instanceof LocalObject);
    for (const object of objects) object.use();
    for (const object of kept) object.free();
    this.#whenLoaded(
      result,
      () => this.#start(result, args, options),
      () => {
        for (const object of objects) object.unuse();
      },
    );
    return result;
  }

  /** Once the module is here. */
  #start(result: LocalObject, args: readonly LocalArg[], options: LocalTaskOptions): void {
    if (this.#isGpu) this.#gpuTask(result, args, options).start();
    else this.#task(this.#currentSite()!, result, args, options).start();
  }

  #gpuTask(result: LocalObject, args: readonly LocalArg[], options: LocalTaskOptions): LocalGpuTask {
    const { backend, label, facts } = this.#deps;
    const { maxRetries, retryErrors } = options;
    const { kernel, limits } = facts;
    return new LocalGpuTask(
      backend,
      { module: this.#module!, kernel, label, limits, maxRetries, retryErrors },
      result,
      args,
    );
  }

  #task(site: Site, result: LocalObject, args: readonly LocalArg[], options: LocalTaskOptions): LocalTask {
    const { backend, gating } = this.#deps;
    if (gating === undefined) return new LocalTask(backend, site, result, args, options);
    return new GatedTask(backend, site, result, args, options, gating);
  }

  #currentSite(): Site | undefined {
    if (this.#site !== undefined && !this.#site.isForgotten) return this.#site;
    if (this.#module === undefined) return undefined;
    this.#site = this.#deps.backend.pool.site({ ...this.#deps.facts, module: this.#module, isMap: false });
    return this.#site;
  }

  /** Goes on once the module is here; those that wait keep their order. */
  #whenLoaded(result: LocalObject, start: () => void, end = () => {}): void {
    const { backend, label } = this.#deps;
    if (this.#module !== undefined) {
      try {
        start();
      } catch (error) {
        result.settle({ kind: "failed", error: error as Error });
      }
      return;
    }
    backend.coming.add(result);
    result.task = {
      cancel: (error = backend.cancelled(result, label)) => result.settle({ kind: "failed", error }),
    };
    this.#loading
      .then(() => {
        if (!result.isReady) start();
      })
      .catch((error) => result.settle({ kind: "failed", error }))
      .finally(() => {
        backend.coming.delete(result);
        end();
      });
  }
}
