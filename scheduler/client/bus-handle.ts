import type { Handle } from "./object-ref.ts";

/** Who is told that a handle is let go of. */
export interface Holds {
  letGo(handle: BusHandle): void;
}

/** An object by its id, which stands for itself in messages. */
export class BusHandle implements Handle {
  readonly id: string;
  readonly holder: Holds;
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
}
