import type { Handle } from "./object-ref.ts";

/** Who is told that a handle is let go of. */
export interface Holds {
  letGo(handle: BusHandle): void;
}

/** What is left of a handle when it is garbage. */
export class Held {
  readonly id: string;
  /** Whether the program let go of it itself. */
  isFreed = false;

  constructor(id: string) {
    this.id = id;
  }
}

/** An object by its id, which stands for itself in messages. */
export class BusHandle implements Handle {
  readonly held: Held;
  readonly holder: Holds;

  constructor(held: Held, holder: Holds) {
    this.held = held;
    this.holder = holder;
  }

  get id(): string {
    return this.held.id;
  }

  get isFreed(): boolean {
    return this.held.isFreed;
  }

  free(): void {
    if (this.held.isFreed) return;
    this.held.isFreed = true;
    this.holder.letGo(this);
  }
}
