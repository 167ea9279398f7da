import type { ObjectStore } from "../objects/store.ts";
import type { StoredObject } from "../objects/stored-object.ts";
import type { ItemWriter } from "../ring/items.ts";

/** A state up to this travels in a slot, beside the calls of a turn. */
export const inlineStateBytes = 4_096;
/** What a call leaves free in its slot, for the state and what else belongs to a turn. */
export const stateRoomBytes = inlineStateBytes + 512;

/** The state of an actor between turns: a few KiB in this process, or an object of the store, which may be on disk. */
export class ActorState {
  readonly byteLength: number;
  readonly #bytes: Uint8Array | undefined;
  readonly #object: StoredObject | undefined;

  /**
   * Copies it.
   * @throws ObjectStoreFullError, OutOfDiskError
   */
  constructor(state: Uint8Array, store: ObjectStore, facts: { owner: string; label: string }) {
    this.byteLength = state.byteLength;
    if (state.byteLength <= inlineStateBytes) {
      this.#bytes = state.slice();
      return;
    }
    this.#object = store.create(state.byteLength, facts);
    this.#object.pin()!.bytes.set(state);
    this.#object.unpin();
  }

  /** What it takes in a slot. */
  get itemBytes(): number {
    return this.#bytes === undefined ? 0 : this.byteLength;
  }

  /** Keeps it in memory until `unpin`. A promise when it has to be fetched from the disk. */
  pin(): Promise<unknown> | undefined {
    return this.pinIfHere() ? undefined : this.#object!.pinned();
  }

  /** The same, unless it would have to be fetched. Returns whether it is pinned. */
  pinIfHere(): boolean {
    return this.#object === undefined || this.#object.pin() !== undefined;
  }

  unpin(): void {
    this.#object?.unpin();
  }

  /** While it is pinned. */
  write(items: ItemWriter): void {
    if (this.#bytes !== undefined) items.inline(this.#bytes);
    else items.segment(this.byteLength, this.#object!.segmentId!);
  }

  /** Itself, while it is pinned. */
  get bytes(): Uint8Array {
    return this.#bytes ?? this.#object!.bytes!;
  }

  free(): void {
    this.#object?.free();
  }
}
