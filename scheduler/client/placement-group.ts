import type { Bundle } from "../groups/group-table.ts";
import type { Strategy } from "../groups/plan.ts";
import type { Selector } from "../placement/labels.ts";
import { missing } from "../placement/resources.ts";
import { InvalidTaskError } from "../protocol/errors.ts";
import type { Resources } from "../protocol/messages.ts";
import type { Submitter } from "./submitter.ts";

export type GroupOptions = {
  /**
   * How bundles are put on hosts. `PACK` (if not said): on as few as possible; `SPREAD`: on as many as possible;
   * `STRICT_PACK`: all on one; `STRICT_SPREAD`: each on a host of its own.
   */
  strategy?: Strategy;
  /** Labels that each of its hosts must have. */
  labels?: Selector;
  /** The longest to wait until all of it is reserved, and tasks that ran there have ended. Default: for ever. */
  timeoutMs?: number;
};

/** The bundle of a group that tasks are to run in. @throws InvalidTaskError when there is none, or it has too little */
export let bundleOf: (group: PlacementGroup, index: number, need: Resources) => Bundle;

/**
 * What was reserved on hosts, for tasks of this client alone: `options({ group, bundle })` runs them there. Bundles that
 * are lost with a host are reserved anew elsewhere; what is to run in them waits for that. The group lasts until it is
 * removed, or its client is gone: hosts that have not heard of that for 10 s give back what it had.
 */
export class PlacementGroup {
  readonly strategy: Strategy;
  readonly #id: string;
  readonly #bundles: readonly Bundle[];
  readonly #submitter: Submitter;
  #isRemoved = false;

  /** Programs get one by `Client.placementGroup`. */
  constructor(submitter: Submitter, id: string, bundles: readonly Bundle[], strategy: Strategy) {
    this.#submitter = submitter;
    this.#id = id;
    this.#bundles = bundles;
    this.strategy = strategy;
  }

  static {
    bundleOf = (group, index, need) => group.#bundleOf(index, need);
  }

  get id(): string {
    return this.#id;
  }

  /** What each bundle has, and the host that it is on; undefined while it is reserved anew. */
  get bundles(): { resources: Resources; host: string | undefined }[] {
    return this.#bundles.map(({ need, hostId }) => ({ resources: { ...need }, host: hostId }));
  }

  /** Gives back all that was reserved. Tasks that run go on; those that wait fail with INFEASIBLE_TASK. */
  remove(): void {
    this.#isRemoved = true;
    this.#submitter.unreserve(this.#id);
  }

  [Symbol.dispose](): void {
    this.remove();
  }

  #bundleOf(index: number, need: Resources): Bundle {
    const bundle = this.#bundles[index];
    if (this.#isRemoved || bundle === undefined) {
      throw new InvalidTaskError(
        this.#isRemoved
          ? "the placement group was removed"
          : `the placement group has no bundle ${index}, only ${this.#bundles.length} from 0 on`,
        { data: { group: this.#id, bundle: index } },
      );
    }
    const lacks = missing(need, bundle.need);
    if (lacks.length === 0) return bundle;
    const described = lacks.map(({ name, needed, offered }) => `${needed} ${name}, and it has ${offered}`);
    throw new InvalidTaskError(`a task needs of bundle ${index} ${described.join("; ")}`, {
      remedy: "Reserve more, or ask for less by the option resources; a task takes one cpu if not said.",
      data: { group: this.#id, bundle: index },
    });
  }
}
