import { encodeDelta } from "../../scheduler/actors/delta.ts";
import { decodeValue, encodeValue } from "../../scheduler/protocol/value.ts";
import { diff } from "./state-diff.ts";

// What an actor is when it is somewhere else: its state, and how many calls it has had, from which its random numbers follow.

const headBytes = 8;

export type Snapshot = { callCount: number; state: Uint8Array };

/** A snapshot as an encoded value, such as the result of a call. */
export function encodeSnapshot({ callCount, state }: Snapshot): Uint8Array {
  const bytes = new Uint8Array(headBytes + state.byteLength);
  new DataView(bytes.buffer).setFloat64(0, callCount, true);
  bytes.set(state, headBytes);
  return encodeValue(bytes);
}

/**
 * The same as what has changed since the checkpoint of this id, whose state was that.
 * @returns undefined when most of it has
 */
export function encodeChanges(
  base: string,
  before: Uint8Array,
  { callCount, state }: Snapshot,
): Uint8Array | undefined {
  const delta = diff(before, state, encodeSnapshot({ callCount, state: none }));
  return delta && encodeDelta({ base, ...delta });
}

const none = new Uint8Array();

/** @throws RangeError when it is none */
export function decodeSnapshot(encoded: Uint8Array): Snapshot {
  const bytes = decodeValue(encoded);
  if (!(bytes instanceof Uint8Array) || bytes.byteLength < headBytes)
    throw new RangeError("this is no snapshot of an actor");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { callCount: view.getFloat64(0, true), state: bytes.subarray(headBytes) };
}
