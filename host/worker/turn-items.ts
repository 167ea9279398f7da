import { decodeValue } from "../../scheduler/protocol/value.ts";
import type { Turn } from "./actor-turns.ts";

/** How many arguments a call has at most, less one. */
export const mostArgs = 1_023;

/** A turn as the items of a call; see `ActorTurn`, which writes them. */
export function turnOf(items: Uint8Array[]): Turn {
  const [key, version, firstCall, flags] = items.slice(0, 4).map((item) => decodeValue(item) as number);
  const state = items[4]!;
  const calls: Turn["calls"] = [];
  for (let at = 5; at < items.length; ) {
    const head = decodeValue(items[at++]!) as number;
    const end = at + (head & mostArgs);
    calls.push({ method: head >>> 10, args: items.slice(at, end) });
    at = end;
  }
  return {
    key: key!,
    version: version!,
    firstCall: firstCall!,
    isReadonly: flags === 1,
    state: state.byteLength > 0 ? state : undefined,
    calls,
  };
}
