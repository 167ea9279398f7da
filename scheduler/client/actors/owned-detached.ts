import type { CallLog } from "../../detached/call-log.ts";
import type { ActorName } from "../../protocol/actor-address.ts";

/** A detached actor as its owner keeps it, for the next owner. */
export interface OwnedDetached {
  readonly name: ActorName;
  /** Its calls since the checkpoint, if it has any. */
  readonly log: CallLog | undefined;
  /** Whether a call may be applied twice. */
  readonly mayRepeat: boolean;
  /** It is about to have another owner. */
  readonly isLeaving: boolean;
  /** Whether a method leaves it as it is. */
  reads(method: string): boolean;
  /** This is its state after the calls with these results. */
  kept(snapshot: Promise<Uint8Array>, ids: readonly string[]): void;
  /** It has ended for good. */
  gone(): void;
}
