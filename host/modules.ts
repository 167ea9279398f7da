import type { Control } from "../scheduler/control/control.ts";
import { fetchModule } from "../scheduler/control/find-module.ts";
import type { OpenModule } from "../scheduler/manifest/read.ts";

/** The modules that a host has fetched, each once. */
export class Modules {
  readonly #control: Control;
  readonly #modules = new Map<string, Promise<OpenModule>>();

  constructor(control: Control) {
    this.#control = control;
  }

  /** @throws ModuleNotFoundError, ModuleRejectedError */
  get(sha256: string): Promise<OpenModule> {
    const known = this.#modules.get(sha256);
    if (known !== undefined) return known;
    const fetching = fetchModule(this.#control, sha256);
    this.#modules.set(sha256, fetching);
    // What failed may work next time: it is not remembered.
    fetching.catch(() => this.#modules.delete(sha256));
    return fetching;
  }
}
