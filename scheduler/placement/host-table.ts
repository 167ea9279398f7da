import type { GpuFacts, Heartbeat, HostState, Load, Resources } from "../protocol/messages.ts";
import { type Labels, type Selector, unmet } from "./labels.ts";
import { missing, unreservedCpus } from "./resources.ts";

/** How often a host of a small cluster says that it is there. */
export const shortestBeatMs = 100;
/** A host that has missed so many beats gets no new tasks … */
export const suspectBeats = 3;
/** … and after so many its tasks are placed elsewhere. */
export const deadBeats = 7;
/**
 * In a large cluster, beats are rare. A host that has tasks of ours is asked when it was silent for so long, in ms, and is
 * dead when it does not answer for as long as that.
 */
const askMs = suspectBeats * shortestBeatMs;
const answerMs = (deadBeats - suspectBeats) * shortestBeatMs;

/** What one client knows of a host. */
export type HostEntry = {
  id: string;
  epoch: number;
  cpus: number;
  resources: Resources;
  labels: Labels;
  gpu: GpuFacts | undefined;
  state: HostState;
  /** Resident memory of its process, as it said last. */
  rssBytes: number | undefined;
  heardMs: number;
  /** Since when it was asked whether it is there, and has not answered. */
  askedMs: number | undefined;
  /** How often it is heard of. */
  beatMs: number;
  /** What it has to do, as it said last. */
  load: Load;
  /** What of it no placement group and no actor has, as far as we know; undefined if none has anything. */
  unreserved: Resources | undefined;
  /** Our own tasks sent there minus those ended since. */
  increments: number;
  /** Our own tasks there now. */
  tasksPending: number;
  /** Those of them that are calls of actors, which have no other place, and may wait there for others. */
  callsPending: number;
  /** It has got as much of ours as it may have, and not done enough of it yet. */
  isFull: boolean;
  /** Our own tasks that ended there with a result. */
  tasksRun: number;
  /** The modules that our own tasks have had loaded there. */
  modules: Set<string>;
};

export type HostView = Pick<
  HostEntry,
  "id" | "cpus" | "resources" | "labels" | "state" | "rssBytes" | "tasksPending" | "tasksRun"
> & { gpu?: GpuFacts };

/** What a task needs of its host, whatever it costs there. */
export type Demand = {
  need: Resources;
  labels?: Selector | undefined;
  host?: string | undefined;
  /** What a placement group has reserved for it: it takes nothing else. */
  bundle?: PlacedBundle | undefined;
};

/** A bundle of a placement group, and the host that it is on, while it is on one. */
export type PlacedBundle = { readonly group: string; readonly index: number; hostId: string | undefined };

/** The hosts that can run a task. */
export type AbleHosts = { list: readonly HostEntry[]; set: ReadonlySet<HostEntry> };

/** What one client knows about the hosts of its cluster. It knows no clock: times are given. */
export class HostTable {
  readonly #hosts = new Map<string, HostEntry>();
  /** Those that can ever run a task of a shape, until the hosts change. */
  readonly #able = new Map<string, AbleHosts>();

  /** Takes in a heartbeat. Returns whether the host is new. */
  heard(beat: Heartbeat, nowMs: number): boolean {
    const { host: id, epoch, cpus, resources = { cpu: cpus }, labels = {}, rssBytes, state } = beat;
    const { queued, running, waitMs = 0, beatMs = shortestBeatMs, unreserved, gpu } = beat;
    let host = this.#hosts.get(id);
    const isNew = host === undefined;
    if (host === undefined) {
      host = {
        ...{
          id,
          epoch,
          cpus,
          resources,
          labels,
          gpu,
          state,
          rssBytes,
          heardMs: nowMs,
          askedMs: undefined,
          beatMs,
        },
        ...{ load: { queued, running, waitMs }, increments: 0, unreserved },
        ...{ tasksPending: 0, callsPending: 0, isFull: false, tasksRun: 0, modules: new Set() },
      };
      this.#hosts.set(id, host);
      this.#able.clear();
    }
    if (host.state !== state || host.resources.gpu !== resources.gpu) this.#able.clear();
    host.resources = resources;
    host.gpu = gpu;
    host.epoch = epoch;
    host.state = state;
    host.rssBytes = rssBytes;
    host.beatMs = beatMs;
    this.told(id, { queued, running, waitMs, unreserved }, nowMs);
    return isNew;
  }

  /** Takes in what a host says of its load with something else. */
  told(id: string, load: Load, nowMs: number): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    host.load = load;
    host.unreserved = load.unreserved;
    host.increments = 0;
    this.touched(id, nowMs);
  }

  /** Something of a host has come. */
  touched(id: string, nowMs: number): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    host.heardMs = nowMs;
    host.askedMs = undefined;
  }

  /** The hosts that have tasks of ours, and are to be asked now whether they are there. */
  toBeAsked(nowMs: number): string[] {
    const silent = [...this.#hosts.values()].filter(
      ({ tasksPending, heardMs, askedMs }) =>
        tasksPending > 0 && askedMs === undefined && nowMs - heardMs > askMs,
    );
    for (const host of silent) host.askedMs = nowMs;
    return silent.map(({ id }) => id);
  }

  /** One of our own tasks, of this module, goes to a host. */
  sent(id: string, module: string): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    host.tasksPending++;
    host.increments++;
    host.modules.add(module);
  }

  ended(id: string, isCompleted: boolean): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    host.tasksPending--;
    host.increments--;
    if (isCompleted) host.tasksRun++;
  }

  /** A call of one of our own actors goes to its host. */
  called(id: string, module: string): void {
    this.sent(id, module);
    const host = this.#hosts.get(id);
    if (host !== undefined) host.callsPending++;
  }

  callEnded(id: string, isCompleted: boolean): void {
    this.ended(id, isCompleted);
    const host = this.#hosts.get(id);
    if (host !== undefined) host.callsPending--;
  }

  /** After our own silence the hosts could not be heard: they get their time anew. */
  forgive(nowMs: number): void {
    for (const host of this.#hosts.values()) this.touched(host.id, nowMs);
  }

  /** The hosts that have left, or count as dead, now; they are forgotten. */
  takeLost(nowMs: number): { id: string; hasLeft: boolean }[] {
    const lost = [...this.#hosts.values()].filter(
      ({ state, heardMs, askedMs = Number.POSITIVE_INFINITY, beatMs }) =>
        state === "left" || nowMs - heardMs > deadBeats * beatMs || nowMs - askedMs >= answerMs,
    );
    for (const { id } of lost) this.#hosts.delete(id);
    if (lost.length > 0) this.#able.clear();
    return lost.map(({ id, state }) => ({ id, hasLeft: state === "left" }));
  }

  /**
   * The hosts that can run a task now or later; of these, some may be suspect.
   * @param shape a text that is the same for the same demand
   */
  able(shape: string, demand: Demand): AbleHosts {
    let able = this.#able.get(shape);
    if (able === undefined) {
      const list = [...this.#hosts.values()].filter(
        (host) => host.state === "up" && lacksOf(host, demand).length === 0,
      );
      able = { list, set: new Set(list) };
      this.#able.set(shape, able);
    }
    return able;
  }

  /** Bundles of placement groups are on other hosts than before. */
  bundlesMoved(): void {
    this.#able.clear();
  }

  /** What each host lacks for a task, that which lacks least first. */
  lacks(demand: Demand): { id: string; lacks: string[] }[] {
    return [...this.#hosts.values()]
      .filter(({ state }) => state === "up")
      .map((entry) => ({ id: entry.id, lacks: lacksOf(entry, demand) }))
      .sort((one, other) => one.lacks.length - other.lacks.length);
  }

  /** What of a host no placement group and no actor has, as far as we know. */
  leftOn(id: string): Resources {
    const host = this.#hosts.get(id);
    return host?.unreserved ?? host?.resources ?? {};
  }

  /** The hosts that have tasks of ours. */
  *busy(): Generator<string> {
    for (const { id, tasksPending } of this.#hosts.values()) if (tasksPending > 0) yield id;
  }

  get(id: string): HostEntry | undefined {
    return this.#hosts.get(id);
  }

  has(id: string): boolean {
    return this.#hosts.has(id);
  }

  [Symbol.iterator](): Iterator<HostEntry> {
    return this.#hosts.values();
  }

  view(): HostView[] {
    return [...this.#hosts.values()].map(
      ({ id, cpus, resources, labels, gpu, state, rssBytes, tasksPending, tasksRun }) => ({
        ...{ id, cpus, resources, labels, state, rssBytes, tasksPending, tasksRun },
        ...(gpu !== undefined && { gpu }),
      }),
    );
  }
}

/** Whether a host may get tasks now. */
export const isOpen = ({ state, heardMs, beatMs }: HostEntry, nowMs: number): boolean =>
  state === "up" && nowMs - heardMs <= suspectBeats * beatMs;

/** The tasks that a host is known to have. */
export const tasksOn = ({ load, increments, tasksPending }: HostEntry): number =>
  Math.max(load.queued + load.running + increments, tasksPending);

export const freeSlots = (host: HostEntry): number =>
  unreservedCpus(host.cpus, host.unreserved) - tasksOn(host);

/** Whether groups and actors have so much of a host that a task can't run there now. */
export const isBarred = ({ unreserved }: HostEntry, { need, bundle }: Demand): boolean =>
  unreserved !== undefined && bundle === undefined && missing(need, unreserved).length > 0;

/** What a host does not have of what a task needs. */
export function lacksOf(
  host: Pick<HostEntry, "id" | "resources" | "labels">,
  { need, labels, host: wanted, bundle }: Demand,
): string[] {
  if (bundle !== undefined)
    return bundle.hostId === host.id ? [] : [`bundle ${bundle.index} of group ${bundle.group}`];
  return [
    ...(wanted === undefined || wanted === host.id ? [] : [`host ${wanted}`]),
    ...missing(need, host.resources).map(
      ({ name, needed, offered }) => `${name}: ${needed} needed, ${offered} there`,
    ),
    ...(labels === undefined ? [] : unmet(labels, host.labels).map((each) => `label ${each}`)),
  ];
}
