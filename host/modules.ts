import type { Control } from "../scheduler/control/control.ts";
import { fetchModule } from "../scheduler/control/find-module.ts";
import { compileModule, type OpenModule } from "../scheduler/manifest/read.ts";
import { ModuleRejectedError } from "../scheduler/protocol/errors.ts";
import { within } from "../scheduler/time/within.ts";
import type { HostLimits } from "./limits.ts";
import type { Translation } from "./traps/locate.ts";
import { originalFunctionIndex, originalOffset } from "./wasm/offsets.ts";
import { prepareApart } from "./wasm/prepare-apart.ts";
import type { WorkerModule } from "./worker/messages.ts";

/** The most entries that the tables of a module may have together: large programs of C++ have some thousands. */
const tableEntries = 100_000;

/** A module as this host runs it. */
export type LoadedModule = WorkerModule & Pick<OpenModule, "needs"> & { translation: Translation };

/** Where a host gets its modules. */
export type ModuleSource = Pick<Modules, "get" | "loaded">;

/** The modules that a host has fetched, rewritten and compiled, each once. */
export class Modules {
  readonly #control: Control;
  readonly #limits: HostLimits;
  readonly #modules = new Map<string, Promise<LoadedModule>>();
  readonly #loaded = new Map<string, LoadedModule>();

  constructor(control: Control, limits: HostLimits) {
    this.#control = control;
    this.#limits = limits;
  }

  /** A module that is here already. */
  loaded(sha256: string): LoadedModule | undefined {
    return this.#loaded.get(sha256);
  }

  /** @throws ModuleNotFoundError, ModuleRejectedError */
  get(sha256: string): Promise<LoadedModule> {
    const known = this.#modules.get(sha256);
    if (known !== undefined) return known;
    const loading = this.#load(sha256);
    this.#modules.set(sha256, loading);
    // What failed may work next time: it is not remembered.
    loading.catch(() => this.#modules.delete(sha256));
    return loading;
  }

  async #load(sha256: string): Promise<LoadedModule> {
    const { maxModuleBytes, maxCompileMs } = this.#limits;
    const source = `module ${sha256}`;
    const { bytes, manifest, needs } = await fetchModule(this.#control, sha256, maxModuleBytes);
    const { preempt = true, actors } = manifest;
    const hasActors = actors !== undefined;
    const late = new AbortController();
    const making = (async () => {
      const prepared = await prepareApart(bytes, { preempt, tableEntries, hasActors, source }, late.signal);
      return { prepared, wasm: await compileModule(prepared.bytes, source) };
    })();
    making.catch(() => {}); // When it takes too long, nobody listens any more.
    const { prepared, wasm } = await within(maxCompileMs, making, () => {
      const error = tooSlow(source, maxCompileMs);
      late.abort(error);
      return error;
    });
    const { memory, stateless, isReusable, offsets } = prepared;
    const module: LoadedModule = {
      ...{ sha256, manifest, needs, memory, stateless, isReusable, wasm },
      translation: {
        originalOffset: (offset) => originalOffset(offsets, offset),
        originalFunctionIndex: (index) => originalFunctionIndex(offsets, index),
      },
    };
    this.#loaded.set(sha256, module);
    return module;
  }
}

const tooSlow = (source: string, maxCompileMs: number) =>
  new ModuleRejectedError(
    `${source} takes longer to prepare and compile than the ${maxCompileMs} ms of this host`,
    {
      remedy: "Make its functions smaller, or start the host with a larger --max-compile-ms.",
      data: { limit: "maxCompileMs", maxCompileMs },
    },
  );
