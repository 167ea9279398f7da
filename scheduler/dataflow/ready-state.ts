import type { ReadyState } from "../ownership/object-table.ts";
import { fromWireError } from "../protocol/errors.ts";
import type { ItemOutcome } from "../protocol/messages.ts";
import { copyOf } from "../protocol/value.ts";

/** What an object is by what came of its task, or its call, on a host. */
export function readyStateOf(outcome: ItemOutcome, hostId: string): ReadyState {
  switch (outcome.kind) {
    case "value":
      return { kind: "local", value: copyOf(outcome.value) };
    case "stored":
      return { kind: "remote", hosts: new Set([hostId]), bytes: outcome.bytes };
    case "error":
      return { kind: "failed", error: fromWireError(outcome.error) };
  }
}
