import { argumentBytes, itemBytes, segmentItemBytes } from "./items.ts";

/** The room that the items of a call have in a slot, while it is decided which of them go into segments instead. */
export class SlotRoom {
  #leftBytes = argumentBytes;

  /** Keeps so many bytes for an item that is there in any case. */
  reserve(bytes: number): void {
    this.#leftBytes -= bytes;
  }

  /**
   * Whether an encoded value has room, for which what the item of a segment takes was reserved before. If so, it has it
   * from now on; if not, it is to go into a segment.
   */
  takes(byteLength: number): boolean {
    const moreBytes = itemBytes(byteLength) - segmentItemBytes;
    if (moreBytes > this.#leftBytes) return false;
    this.#leftBytes -= moreBytes;
    return true;
  }
}
