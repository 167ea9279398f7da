import type { Limits } from "../../scheduler/protocol/limits.ts";
import type { ObjectStore } from "../objects/store.ts";
import type { StoredFacts, StoredObject } from "../objects/stored-object.ts";
import type { DeviceValue } from "./device-value.ts";
import type { GpuKernel, GpuResult } from "./gpu-kernel.ts";
import type { GpuArg, HeldObject } from "./held-arg.ts";

/** The call of a task that came over the bus, on the GPU. */
export class GpuCall {
  /** Once all are here. */
  args: readonly GpuArg[] | undefined;
  /** How long the device took for it, in ms, with what others of the same turn took. */
  ranMs = 0;
  readonly #kernel: GpuKernel;
  readonly #limits: Limits;
  readonly #held: HeldObject[] = [];
  #value: DeviceValue | undefined;
  #isReleased = false;

  constructor(kernel: GpuKernel, limits: Limits) {
    this.#kernel = kernel;
    this.#limits = limits;
  }

  /** Keeps what it takes until `release`; after that, not at all. */
  hold(held: HeldObject): HeldObject {
    if (this.#isReleased) held.release();
    else this.#held.push(held);
    return held;
  }

  /**
   * @param mostBytes up to this, the result is brought here; else it stays on the device
   * @throws what the task has failed with
   */
  async run(mostBytes: number): Promise<GpuResult> {
    const { value, ended } = this.#kernel.run(this.args!, this.#limits);
    this.#value = value;
    // What travels with the message is asked for together with the task, and not when that is done.
    const encoded = value !== undefined && value.byteLength <= mostBytes ? value.encoded() : undefined;
    encoded?.catch(() => {}); // The task itself tells it.
    const { result, ranMs } = await ended;
    this.ranMs = ranMs;
    return encoded ?? result;
  }

  /** Makes an object of its result, which lives as long as that. */
  keep(store: ObjectStore, facts: StoredFacts): StoredObject {
    const value = this.#value!;
    this.#value = undefined;
    return store.keepCopy(value, facts);
  }

  /** Lets go of what it takes, and of a result that nobody has kept. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#value?.free();
    for (const held of this.#held) held.release();
  }
}
