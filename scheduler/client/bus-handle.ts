import type { Keeper, KeptState, Recording } from "../ownership/object-table.ts";
import type { Handle } from "./object-ref.ts";

/** Who keeps the objects of handles. */
export interface Holds {
  /** The program lets go of a handle. */
  letGo(handle: BusHandle): void;
  /** From now on, somebody has to be told when it is garbage. */
  watch(handle: BusHandle): void;
}

/** An object by its id, which stands for itself in messages. */
export class BusHandle implements Handle, Keeper {
  readonly id: string;
  readonly holder: Holds;
  /** Its object, when that is known to nobody else. */
  own: KeptState | undefined;
  /** The same of what its task heard. */
  ownRecording: Partial<Recording> | undefined;
  #isFreed = false;

  constructor(id: string, holder: Holds) {
    this.id = id;
    this.holder = holder;
  }

  get isFreed(): boolean {
    return this.#isFreed;
  }

  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.holder.letGo(this);
  }

  take(state: KeptState, recording: Partial<Recording> | undefined): void {
    this.own = state;
    this.ownRecording = recording;
  }

  leave(): void {
    this.holder.watch(this);
  }
}
