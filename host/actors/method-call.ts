import type { WireError } from "../../scheduler/protocol/errors.ts";
import type { GangPlace } from "../../scheduler/protocol/messages.ts";
import type { Encoded } from "../../scheduler/protocol/value.ts";
import type { ItemWriter } from "../ring/items.ts";

/** How the call of a method ended. Bytes are those of a slot, which is another's afterwards. */
export type MethodEnd =
  | { kind: "value"; value: Encoded }
  | { kind: "error"; error: WireError }
  /** The host gave it back before it ran. */
  | { kind: "returned" };

/** The id of a checkpoint, and, encoded, that of the one which its owner has, if any. */
export type Checkpoint = { id: string; base: Uint8Array | undefined };

/** A call of a method of an actor. */
export interface MethodCall {
  /** 0 is what makes the actor; then come its methods in the order of the manifest. */
  readonly method: number;
  readonly argCount: number;
  /** What its arguments take in a slot. */
  readonly itemBytes: number;
  /** Of one that is to be told what the actor is. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Which member of a gang it is, if it is one: then it has a turn for itself. */
  readonly gang: GangPlace | undefined;
  /** Whether nobody waits for it any more: then it does not run, unless it runs already. */
  readonly hasEnded: boolean;
  /** Writes its arguments. */
  write(items: ItemWriter): void;
  /** Is called once. */
  ended(end: MethodEnd): void;
}
