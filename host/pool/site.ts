import type { Capability, Limits } from "../../scheduler/protocol/limits.ts";
import type { GangPlace } from "../../scheduler/protocol/messages.ts";
import type { LoadedModule } from "../modules.ts";
import type { SeedSource, WorkerSite } from "../worker/messages.ts";

/** A kernel, and how it is to be run: what many calls have in common, so that workers are told of it once. */
export type SiteFacts = {
  module: LoadedModule;
  kernel: string;
  limits: Limits;
  grant: readonly Capability[];
  seed: SeedSource;
  clock?: readonly number[] | undefined;
  /** They may yield items, so many before anybody has taken one. */
  stream?: number | undefined;
  /** Which member of a gang its call is. */
  gang?: GangPlace | undefined;
  /** Whether each of its calls is one for each element of arrays. */
  isMap: boolean;
  /** Whether it is an actor class, and each of its calls a turn of an actor. */
  isActor?: boolean | undefined;
};

/** Whether a task may wait for tasks of its own, by what its module imports and what it is granted. */
export const mayBlock = (needs: readonly Capability[], grant: readonly Capability[]): boolean =>
  needs.includes("submit") && grant.includes("submit");

export class Site {
  readonly index: number;
  readonly facts: SiteFacts;
  /** `module/function`, for messages. */
  readonly label: string;
  /** Whether its calls may wait for others, and so keep what is behind them from a worker. */
  readonly mayBlock: boolean;
  /** Its calls that have not ended. */
  callCount = 0;
  /** Its index is another's by now. */
  isForgotten = false;

  constructor(index: number, facts: SiteFacts) {
    this.index = index;
    this.facts = facts;
    this.label = `${facts.module.manifest.module}/${facts.kernel}`;
    this.mayBlock = facts.gang !== undefined || mayBlock(facts.module.needs, facts.grant);
  }

  /** As a worker gets it. */
  get forWorker(): WorkerSite {
    const { module, ...others } = this.facts;
    return { sha256: module.sha256, ...others };
  }
}

/** More are forgotten, those first that have not been used for longest. */
const mostIdleSites = 1_000;

/** The sites of a host. Equal ones are one; each has an index, which is another's once it is forgotten. */
export class Sites {
  readonly #opened: (site: Site) => void;
  readonly #sites = new Map<string, Site>();
  readonly #freeIndexes: number[] = [];
  #indexCount = 0;

  /** @param opened is told of each new one before it has calls */
  constructor(opened: (site: Site) => void) {
    this.#opened = opened;
  }

  /** The site for this; it stays as long as `callCount` is not 0, and a while. */
  get(facts: SiteFacts): Site {
    const { module, ...others } = facts;
    const key = `${module.sha256} ${JSON.stringify(others)}`;
    const known = this.#sites.get(key);
    if (known !== undefined) {
      this.#sites.delete(key);
      this.#sites.set(key, known);
      return known;
    }
    this.#forgetIdle();
    const site = new Site(this.#freeIndexes.pop() ?? this.#indexCount++, facts);
    this.#sites.set(key, site);
    this.#opened(site);
    return site;
  }

  all(): Iterable<Site> {
    return this.#sites.values();
  }

  #forgetIdle(): void {
    if (this.#sites.size < mostIdleSites) return;
    for (const [key, site] of this.#sites) {
      if (site.callCount > 0) continue;
      this.#sites.delete(key);
      site.isForgotten = true;
      this.#freeIndexes.push(site.index);
      return;
    }
  }
}
