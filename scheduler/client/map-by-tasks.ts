import { arrayOf } from "../protocol/array-of.ts";
import { WrayError } from "../protocol/errors.ts";
import type { KernelSignature, ScalarType } from "../protocol/manifest.ts";
import type { TypedArray } from "../protocol/tensor.ts";
import type { Backend, MapArg } from "./backend.ts";
import type { Handle } from "./object-ref.ts";

/** So many tasks are under way at once. */
const mostUnderWay = 1_000;

export type MapByTasksDeps = {
  backend: Pick<Backend, "value" | "cancel">;
  signature: KernelSignature;
  args: readonly MapArg[];
  count: number;
  /** Its first part is what the seeds of all calls begin with. */
  seed: string;
  /** Submits the call of one element. */
  submit(args: (number | bigint | boolean)[], seed: string): Handle;
};

/** A map whose calls are tasks, each of its own. */
export class MapByTasks {
  /** All results, once they are there; rejects with the error of the call that failed first. */
  readonly results: Promise<TypedArray>;
  readonly #deps: MapByTasksDeps;
  readonly #underWay = new Set<Handle>();
  #next = 0;

  constructor(deps: MapByTasksDeps) {
    // Copies, since the program may change its arrays.
    const args = deps.args.map((arg) => (typeof arg === "object" ? arg.slice() : arg));
    this.#deps = { ...deps, args };
    this.results = this.#run();
  }

  /** Submits no more calls, and ends those that run. */
  cancel(): void {
    this.#next = this.#deps.count;
    for (const handle of this.#underWay) this.#deps.backend.cancel(handle);
  }

  async #run(): Promise<TypedArray> {
    const { count, signature } = this.#deps;
    const results = new globalThis[arrayOf(signature.returns as ScalarType)](count);
    const runners = Array.from({ length: Math.min(count, mostUnderWay) }, () => this.#runNext(results));
    await Promise.all(runners);
    return results;
  }

  async #runNext(results: TypedArray): Promise<void> {
    const { count, seed, submit, backend } = this.#deps;
    while (this.#next < count) {
      const index = this.#next++;
      const handle = submit(this.#argsAt(index), `${seed}.${index}`);
      this.#underWay.add(handle);
      try {
        results[index] = (await backend.value(handle)) as never;
      } catch (error) {
        if (error instanceof WrayError) error.data.index ??= index;
        this.cancel();
        throw error;
      } finally {
        this.#underWay.delete(handle);
        handle.free();
      }
    }
  }

  #argsAt(index: number): (number | bigint | boolean)[] {
    const { args, signature } = this.#deps;
    return args.map((arg, position) => {
      if (typeof arg !== "object") return arg;
      const element = arg[index]!;
      return signature.params[position]!.type === "bool" ? element !== 0 : element;
    });
  }
}
