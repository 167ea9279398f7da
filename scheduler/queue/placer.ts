import type { HostEntry, HostTable } from "../placement/host-table.ts";
import type { IdleHosts } from "../placement/idle-hosts.ts";
import { costMs, type Placed, place } from "../placement/place.ts";
import type { RunTimes } from "../placement/run-times.ts";
import { InfeasibleTaskError } from "../protocol/errors.ts";
import { expired } from "./expired.ts";
import { FairQueue, type Waiting } from "./fair-queue.ts";

/** A task that is ready to run. */
export type Placeable = Waiting &
  Placed & {
    /** When nobody wants it any more, unless it has begun. */
    expiresMs: number | undefined;
    /** The ways to run it, if there are several. */
    readonly variants?: readonly PlacedVariant[] | undefined;
  };

/** One of the ways to run a task. */
export type PlacedVariant = Placed & {
  /** What its run times are known by. */
  readonly timedAs: string;
  /** The task is to be run that way. */
  choose(): void;
};

export type PlacerDeps<T> = {
  hosts: HostTable;
  times: RunTimes;
  /** The host that the client is part of, if it is part of one. */
  localId?: string | undefined;
  /** The hosts that have asked that host for work. */
  idle?: IdleHosts | undefined;
  /** How long a task waits for a host that can ever run it. */
  infeasibleAfterMs: number;
  /** A task has got its host. */
  placed(task: T, hostId: string): void;
  failed(task: T, error: Error): void;
  nowMs(): number;
  /** Gives numbers from 0 to below 1. */
  random(): number;
};

/** How an error names hosts: no more than these. */
const mostNamed = 3;

/**
 * Finds hosts for tasks that are ready. A host gets no more of a client's tasks than keep it busy for a moment; the
 * others wait here, in order, and go the moment that a host has room. What no host can ever run fails after a while.
 */
export class Placer<T extends Placeable> {
  readonly #deps: PlacerDeps<T>;
  readonly #waiting = new FairQueue<T>();
  /** Since when no host can run tasks of a shape, of which some wait. */
  readonly #unableMs = new Map<string, number>();
  #expiring = 0;
  #isFilling = false;

  constructor(deps: PlacerDeps<T>) {
    this.#deps = deps;
  }

  /** How many tasks wait for a host. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Finds a host for a task, now or later. */
  add(task: T): void {
    const { nowMs, placed } = this.#deps;
    task.queuedMs = nowMs();
    // Nobody overtakes those that wait, unless all that wait have to do so for something else.
    const host = this.#waiting.size === 0 ? this.#place(task, task.queuedMs) : undefined;
    if (host !== undefined) {
      placed(task, host.id);
      return;
    }
    this.#waiting.push(task);
    if (task.expiresMs !== undefined) this.#expiring++;
    this.fill();
  }

  /** Finds hosts for what waits, after something has changed. */
  fill(): void {
    if (this.#waiting.size === 0 || this.#isFilling) return;
    this.#isFilling = true;
    const { nowMs, placed } = this.#deps;
    const now = nowMs();
    let hostId: string | undefined;
    const fits = (task: T) => {
      if (task.hasEnded) return true;
      hostId = this.#place(task, now)?.id;
      return hostId !== undefined;
    };
    for (;;) {
      const task = this.#waiting.take(now, fits);
      if (task === undefined) break;
      if (task.expiresMs !== undefined) this.#expiring--;
      if (!task.hasEnded) placed(task, hostId!);
    }
    this.#isFilling = false;
  }

  /** The same, and fails what has waited too long; to be called now and then. */
  tick(): void {
    this.fill();
    const now = this.#deps.nowMs();
    if (this.#expiring > 0) {
      const isOver = ({ expiresMs }: T) => expiresMs !== undefined && expiresMs <= now;
      for (const task of this.#remove(isOver)) this.#deps.failed(task, expired(task.label));
    }
    this.#findUnable(now);
  }

  /** The host for a task, and which of its variants, if it has some. */
  #place(task: T, nowMs: number): HostEntry | undefined {
    const { times } = this.#deps;
    if (task.variants === undefined) return place(task, this.#deps, nowMs);
    const ways = task.variants.flatMap((variant) => {
      const host = place(variant, this.#deps, nowMs);
      if (host === undefined) return [];
      const otherMs = costMs(variant, host, this.#deps) - times.runMs(variant.label, host.id);
      return [{ timedAs: variant.timedAs, hostId: host.id, otherMs, variant, host }];
    });
    if (ways.length === 0) return undefined;
    const { variant, host } = times.variants.pick(ways);
    variant.choose();
    return host;
  }

  #isAble(task: T): boolean {
    const { hosts } = this.#deps;
    return (task.variants ?? [task]).some((each) => hosts.able(each.shape, each).list.length > 0);
  }

  /** What waits, by shape, for which there is no host at all. */
  #findUnable(now: number): void {
    const { infeasibleAfterMs, hosts } = this.#deps;
    const unable = new Map<string, T>();
    for (const task of this.#waiting.firsts()) if (!this.#isAble(task)) unable.set(task.shape, task);
    for (const shape of this.#unableMs.keys()) if (!unable.has(shape)) this.#unableMs.delete(shape);
    for (const [shape, example] of unable) {
      const sinceMs = this.#unableMs.get(shape) ?? example.queuedMs;
      this.#unableMs.set(shape, sinceMs);
      if (now - sinceMs <= infeasibleAfterMs) continue;
      const lacks = hosts.lacks(example);
      for (const task of this.#remove((task) => task.shape === shape))
        this.#deps.failed(task, infeasible(task, lacks, infeasibleAfterMs));
    }
  }

  #remove(test: (task: T) => boolean): T[] {
    const removed = this.#waiting.remove(test);
    for (const { expiresMs } of removed) if (expiresMs !== undefined) this.#expiring--;
    return removed.filter(({ hasEnded }) => !hasEnded);
  }
}

/** What becomes of a task that no host can run, by what the nearest ones lack. */
export function infeasible(
  { label, need }: Pick<Placed, "label" | "need">,
  lacks: { id: string; lacks: string[] }[],
  afterMs: number,
): Error {
  const nearest = lacks.slice(0, mostNamed);
  const data = { kernel: label, need, nearest };
  if (nearest.length === 0) {
    return new InfeasibleTaskError(`${label} found no host within ${afterMs} ms: the cluster has none`, {
      remedy: "Start one with `npx wray host --servers …`, and check that the cluster's name is the same.",
      data,
    });
  }
  const described = nearest.map(({ id, lacks }) => `${id} lacks ${lacks.join(" and ")}`).join("; ");
  return new InfeasibleTaskError(`no host can run ${label}, after ${afterMs} ms: ${described}`, {
    remedy: "Start a host that offers this, or ask for less.",
    data,
  });
}
