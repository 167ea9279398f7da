import { defaultNamespace } from "../../protocol/actor-address.ts";
import { InvalidTaskError } from "../../protocol/errors.ts";
import { type Capability, type Limits, limitNames } from "../../protocol/limits.ts";
import type { Resources } from "../../protocol/messages.ts";
import { isName } from "../../protocol/subjects.ts";
import type { PlacementGroup } from "../placement-group.ts";
import { type Checks, checkOptionsBy, integerFrom, taskChecks } from "../task-options.ts";
import type { Claim } from "./actors.ts";

/** How an actor is to be run: the limits of each of its calls, and these. */
export type ActorOptions = Partial<Limits> & {
  /** What its methods may use of `clock`, `log` and `submit`. Default: `["log", "submit"]`. */
  grant?: readonly Capability[];
  /** Others get it by this name, `Client.getActor`. Letters, digits, _ and -, up to 64. Two actors never have the same one. */
  name?: string;
  /** Where the name is: the same one in another namespace is another. Default: `"default"`. */
  namespace?: string;
  /** When there is an actor of that name already, it is the one that is called. Default false: calls fail with ACTOR_ALREADY_EXISTS. */
  getIfExists?: boolean;
  /**
   * `"detached"`: a host of the cluster owns it, so that it outlives this program, until it is killed. It has a name, by which
   * other programs get it. When its host is lost, another one has it: as it was, with each acknowledged call applied exactly
   * once, if it has a checkpoint; made anew by its constructor, as often as `maxRestarts` says, if not. Default: it ends when
   * nobody has a handle of it any more, or this program ends.
   */
  lifetime?: "detached";
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

const isNameOption = {
  test: (value: unknown) => typeof value === "string" && isName(value),
  expected: "1 to 64 letters, digits, _ and -",
};

const checks: Checks<Required<ActorOptions>> = {
  ...limitChecks,
  grant,
  name: isNameOption,
  namespace: isNameOption,
  lifetime: { test: (value) => value === "detached", expected: '"detached"' },
  getIfExists: { test: (value) => typeof value === "boolean", expected: "true or false" },
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

/** The name that an actor is to have by its options, if any. @throws InvalidTaskError for what belongs to a name without one */
export function claimOf({ name, namespace, getIfExists = false }: ActorOptions): Claim | undefined {
  if (name !== undefined) return { name, namespace: namespace ?? defaultNamespace, getIfExists };
  if (namespace === undefined && !getIfExists) return undefined;
  throw new InvalidTaskError("namespace and getIfExists are for actors with a name", {
    remedy: "Give it one: options({ name }).",
    data: { option: "name" },
  });
}

/** What a host is to know of a detached actor by its options. @throws InvalidTaskError for those that it can't have */
export function detachedOptions(options: ActorOptions): Record<string, unknown> {
  const { name, namespace, getIfExists, lifetime, group, bundle, ...others } = options;
  if (name === undefined)
    throw new InvalidTaskError("a detached actor needs a name", {
      remedy: "Give it one, by which it is found when this program is gone: options({ name }).",
      data: { option: "name" },
    });
  if (group === undefined) return others;
  throw new InvalidTaskError("a detached actor can't be in a placement group, which ends with its program", {
    remedy: "Leave out `group`.",
    data: { option: "group" },
  });
}

/** @throws InvalidTaskError for an unknown option or a value out of range */
export const checkActorOptions = (options: ActorOptions): ActorOptions =>
  checkOptionsBy(checks, options, "an actor");
