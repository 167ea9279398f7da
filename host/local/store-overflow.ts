import type { StoredObject } from "../objects/stored-object.ts";
import { itemBytes, numberItemBytes, segmentItemBytes } from "../ring/items.ts";
import { SlotRoom } from "../ring/slot-room.ts";
import { LocalObject } from "./local-object.ts";
import type { LocalArg } from "./local-task.ts";

/**
 * Stores copies of those small values that have no room in a slot together with all others, and pins them.
 * @param args all of them ready
 * @param otherBytes what the call's other items take
 * @param store makes an object of an encoded value; when it throws, nothing stays pinned
 */
export function storeOverflow(
  args: readonly LocalArg[],
  otherBytes: number,
  store: (encoded: Uint8Array) => StoredObject,
): Map<LocalObject, StoredObject> {
  const moved = new Map<LocalObject, StoredObject>();
  const room = new SlotRoom();
  room.reserve(otherBytes);
  for (const arg of args) room.reserve(fixedBytes(arg));
  for (const arg of args) {
    if (!(arg instanceof LocalObject) || arg.content.kind !== "bytes" || moved.has(arg)) continue;
    const { encoded } = arg.content;
    if (room.takes(encoded.byteLength)) continue;
    try {
      const object = store(encoded);
      object.pin()!.bytes.set(encoded);
      object.free(); // Once it is unpinned.
      moved.set(arg, object);
    } catch (error) {
      for (const object of moved.values()) object.unpin();
      throw error;
    }
  }
  return moved;
}

/** What an argument takes at least. */
function fixedBytes(arg: LocalArg): number {
  if (typeof arg === "number") return numberItemBytes;
  if (arg instanceof Uint8Array) return itemBytes(arg.byteLength);
  return arg.content.kind === "number" ? numberItemBytes : segmentItemBytes;
}
