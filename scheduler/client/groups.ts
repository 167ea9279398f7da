import { strategies } from "../groups/plan.ts";
import { InfeasibleTaskError, InvalidTaskError } from "../protocol/errors.ts";
import type { Resources } from "../protocol/messages.ts";
import { checkOptionNames, checkTimeMs } from "./check-options.ts";
import { type GroupOptions, PlacementGroup } from "./placement-group.ts";
import type { Submitter } from "./submitter.ts";
import { taskChecks } from "./task-options.ts";

/** So many bundles a group has at most. */
const mostBundles = 1_000;

/** What a client has reserved on the hosts of its cluster. */
export class Groups {
  readonly #submitter: Submitter;

  constructor(submitter: Submitter) {
    this.#submitter = submitter;
  }

  /** See `Client.placementGroup`. */
  async reserve(bundles: readonly Resources[], options: GroupOptions = {}): Promise<PlacementGroup> {
    checkBundles(bundles);
    checkGroupOptions(options);
    const { strategy = "PACK", labels, timeoutMs } = options;
    const needs = bundles.map((bundle) => ({ ...bundle }));
    const reserved = await this.#submitter.reserve({ needs, strategy, labels, timeoutMs });
    return new PlacementGroup(this.#submitter, reserved.id, reserved.bundles, strategy);
  }
}

/**
 * What the calls of a gang need, on the hosts of a cluster; undefined on an embedded host, where nothing is to be reserved.
 * @throws InfeasibleTaskError when each is to be on a host of its own, and there is but one
 */
export async function reserveForGang(
  groups: Groups | undefined,
  needs: readonly Resources[],
  options: GroupOptions,
): Promise<PlacementGroup | undefined> {
  if (groups !== undefined) return groups.reserve(needs, options);
  checkBundles(needs);
  checkGroupOptions(options);
  if (options.strategy !== "STRICT_SPREAD" || needs.length === 1) return undefined;
  throw new InfeasibleTaskError(`an embedded host is one, and ${needs.length} calls are to be on one each`, {
    remedy: 'Join a cluster by init({ servers: "nats://…" }), or leave out the strategy.',
  });
}

/** @throws InvalidTaskError for an embedded client */
export function groupsOf(groups: Groups | undefined): Groups {
  if (groups !== undefined) return groups;
  throw new InvalidTaskError("an embedded host has no placement groups: there are no others to choose from", {
    remedy: 'Join a cluster by init({ servers: "nats://…" }).',
  });
}

/** @throws InvalidTaskError for the group of another client */
export function checkOwnGroup(clientId: string, group: PlacementGroup | undefined): void {
  if (group === undefined || group.id.startsWith(`${clientId}-`)) return;
  throw new InvalidTaskError("option group is a placement group of another client", {
    remedy: "Reserve one by placementGroup() of this client.",
    data: { group: group.id },
  });
}

/** @throws InvalidTaskError for an unknown option or a value out of range */
export function checkGroupOptions(options: GroupOptions): void {
  checkOptionNames("a placement group", options, ["strategy", "labels", "timeoutMs"]);
  const { strategy, labels, timeoutMs } = options;
  if (timeoutMs !== undefined) checkTimeMs("timeoutMs", timeoutMs, "Leave it out to wait for ever.");
  if (strategy !== undefined && !strategies.includes(strategy)) {
    throw new InvalidTaskError(
      `option strategy must be one of ${strategies.join(", ")}, but is ${String(strategy)}`,
      { data: { option: "strategy" } },
    );
  }
  if (labels !== undefined && !taskChecks.labels.test(labels))
    throw new InvalidTaskError(`option labels must be ${taskChecks.labels.expected}`, {
      data: { option: "labels" },
    });
}

function checkBundles(bundles: readonly Resources[]): void {
  const isList = Array.isArray(bundles) && bundles.length > 0 && bundles.length <= mostBundles;
  const { test, expected } = taskChecks.resources;
  const isSome = (bundle: Resources) => test(bundle) && Object.values(bundle).some((amount) => amount > 0);
  if (isList && bundles.every(isSome)) return;
  throw new InvalidTaskError(
    `bundles must be a list of 1 to ${mostBundles}, each ${expected} and one of them above 0`,
    { remedy: "Give them as [{ cpu: 1 }, { cpu: 1, gpu: 1 }].", data: { option: "bundles" } },
  );
}
