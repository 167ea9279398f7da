import { type Capability, type Limits, limitNames } from "../protocol/limits.ts";
import type { Resources } from "../protocol/messages.ts";
import type { PlacementGroup } from "./placement-group.ts";
import { type Checks, checkOptionsBy, integerFrom, taskChecks } from "./task-options.ts";

/** How an actor is to be run: the limits of each of its calls, and these. */
export type ActorOptions = Partial<Limits> & {
  /** What its methods may use of `clock`, `log` and `submit`. Default: `["log", "submit"]`. */
  grant?: readonly Capability[];
  /** How many calls of `@readonly` methods may run at once. All others run alone. Default 1. */
  maxConcurrency?: number;
  /**
   * Its state is kept elsewhere after so many calls that may have changed it, or so long after the first of them, in ms, and
   * the calls since then by this program: when its host dies, it goes on from there on another, with each call applied
   * exactly once. Methods must not use the clock then.
   */
  checkpoint?: { everyCalls?: number; everyMs?: number };
  /** How often it is made anew when its host dies, by its constructor, without a checkpoint. Default 0: then it is gone. */
  maxRestarts?: number;
  /** How often a call is sent again that was under way when its host died: it may be applied more than once. Default 0. */
  maxTaskRetries?: number;
  /**
   * What it has of its host for as long as it is there, whether it runs or not: `{ gpu: 1 }`, `{ memory: 1e9 }`. No other
   * actor, task or placement group gets that. Default: nothing, so that a host may have any number of actors.
   */
  resources?: Resources;
  /** It is where this placement group has its bundle of this number (0 if not said), and has `resources` of that. */
  group?: PlacementGroup;
  bundle?: number;
  /** How many of its calls may be pending; one more fails with PENDING_CALLS_LIMIT_EXCEEDED. Default: no limit. */
  maxPendingCalls?: number;
};

const { grant, resources, group, bundle, ...others } = taskChecks;
const limitChecks = Object.fromEntries(limitNames.map((name) => [name, others[name]])) as Checks<Limits>;

const checks: Checks<Required<ActorOptions>> = {
  ...limitChecks,
  grant,
  maxConcurrency: integerFrom(1, 1_000),
  checkpoint: {
    test: isCheckpoint,
    expected: "an object with everyCalls, everyMs, or both, each an integer from 1",
  },
  maxRestarts: integerFrom(0),
  maxTaskRetries: integerFrom(0),
  maxPendingCalls: integerFrom(1),
  ...{ resources, group, bundle },
};

function isCheckpoint(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const entries = Object.entries(value);
  const isInteger = (each: unknown) => Number.isInteger(each) && (each as number) >= 1;
  const isKnown = (name: string) => name === "everyCalls" || name === "everyMs";
  return entries.length > 0 && entries.every(([name, each]) => isKnown(name) && isInteger(each));
}

/** @throws InvalidTaskError for an unknown option or a value out of range */
export const checkActorOptions = (options: ActorOptions): ActorOptions =>
  checkOptionsBy(checks, options, "an actor");
