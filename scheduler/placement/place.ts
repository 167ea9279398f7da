import { tasksAhead } from "./ahead.ts";
import {
  type Demand,
  freeSlots,
  type HostEntry,
  type HostTable,
  isBarred,
  isOpen,
  tasksOn,
} from "./host-table.ts";
import type { IdleHosts } from "./idle-hosts.ts";
import { type Selector, unmet } from "./labels.ts";
import type { RunTimes } from "./run-times.ts";

/** What it takes to have a module on a host that has not had it, in ms. */
const moduleLoadMs = 20;
/** What hosts move between them, in bytes a ms. */
const bytesPerMs = 500_000;
/** What a hop takes, in ms: so much better must another host be than the one that the task is on. */
const hopMs = 0.3;
/** A condition that a task would rather have met is worth so much waiting, in ms. */
const preferenceMs = 1_000;
/** A host gets as much work from one client as it does in this time, in ms, beside what its cpus run … */
const aheadMs = 10;
/** … but not less than this many tasks for each cpu. */
const leastAhead = 1;

/**
 * A host that may have so many tasks, and has got them, gets more when it has done this part of them.
 * Source: D. Clark, "Window and Acknowledgement Strategy in TCP", RFC 813, 1982.
 */
const largeWindow = 256;
const refillPart = 0.25;

/** What is to be placed. */
export type Placed = Demand & {
  /** A text that is the same for the same demand. */
  shape: string;
  /** `module/function`, by which its time is known. */
  label: string;
  /** The sha-256 of its module. */
  module: string;
  /** Conditions that a host should meet, and need not. */
  prefer?: Selector | undefined;
  /** What it takes that is not with the client: how large it is, and who has it. */
  inputs: readonly { bytes: number; hosts: ReadonlySet<string> }[];
  /** How many tasks it is nested in. */
  depth: number;
  /** How many hosts have given it back since they were full. */
  hops: number;
};

export type PlaceDeps = {
  hosts: HostTable;
  times: RunTimes;
  /** The host that the client is part of, if it is part of one. */
  localId?: string | undefined;
  /** The hosts that have asked that host for work. */
  idle?: IdleHosts | undefined;
  /** Gives numbers from 0 to below 1. */
  random(): number;
};

/**
 * Picks a host: the client's own first, while it has a free cpu; else the one that costs least of the own one, one that
 * said that it has nothing to do, the one that has most of the inputs, and two random ones. Two random choices spread
 * tasks nearly as well as looking at all, and many clients that know the same don't all choose the same.
 * Sources: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 1996; Y. Lu et al., "Join-Idle-
 * Queue", 2011.
 * @returns undefined when no host that can run it may get more tasks now
 */
export function place(task: Placed, deps: PlaceDeps, nowMs: number): HostEntry | undefined {
  const { hosts, localId, idle, random } = deps;
  const { list, set } = hosts.able(task.shape, task);
  if (list.length === 0) return undefined;
  const local = localId === undefined ? undefined : hosts.get(localId);
  const isPlain = task.inputs.length === 0 && task.prefer === undefined;
  if (local !== undefined && isPlain && freeSlots(local) > 0 && set.has(local) && !isBarred(local, task))
    return local;

  const choice = new Choice(task, deps, set, local, nowMs);
  choice.consider(local);
  if (!isPlain) choice.consider(holderOf(task, hosts));
  const idleId = isPlain ? idle?.take(nowMs) : undefined;
  if (idleId !== undefined) choice.consider(hosts.get(idleId));
  const first = Math.floor(random() * list.length);
  choice.consider(list[first]);
  // One of the others, each alike.
  if (list.length > 1)
    choice.consider(list[(first + 1 + Math.floor(random() * (list.length - 1))) % list.length]);
  // Few are full while others are not: rather than wait, whoever comes next on a walk.
  for (let step = 1; choice.best === undefined && step < list.length; step++)
    choice.consider(list[(first + step) % list.length]);
  return choice.best;
}

/** The host that costs least of those that were considered. */
class Choice {
  best: HostEntry | undefined;
  #bestMs = Number.POSITIVE_INFINITY;
  readonly #task: Placed;
  readonly #deps: PlaceDeps;
  readonly #able: ReadonlySet<HostEntry>;
  readonly #local: HostEntry | undefined;
  readonly #nowMs: number;

  constructor(
    task: Placed,
    deps: PlaceDeps,
    able: ReadonlySet<HostEntry>,
    local: HostEntry | undefined,
    nowMs: number,
  ) {
    this.#task = task;
    this.#deps = deps;
    this.#able = able;
    this.#local = local;
    this.#nowMs = nowMs;
  }

  consider(host: HostEntry | undefined): void {
    if (host === undefined || host === this.best || !this.#able.has(host)) return;
    if (!isOpen(host, this.#nowMs) || isBarred(host, this.#task)) return;
    const isLocal = host === this.#local;
    // Its own host keeps what is not better off elsewhere, and others take it from there.
    if (!isLocal && !hasRoom(host, this.#task, this.#deps.times)) return;
    const ms = costMs(this.#task, host, this.#deps) + (isLocal ? 0 : hopMs);
    if (ms >= this.#bestMs) return;
    this.best = host;
    this.#bestMs = ms;
  }
}

/**
 * What it costs to run a task on a host, in ms until its result: waiting for a cpu, moving its inputs, loading its
 * module, and running.
 */
export function costMs(task: Placed, host: HostEntry, { times }: PlaceDeps): number {
  const { label, module, inputs, prefer } = task;
  let bytes = 0;
  for (const input of inputs) if (!input.hosts.has(host.id)) bytes += input.bytes;
  return (
    waitMs(host, times) +
    bytes / bytesPerMs +
    (host.modules.size === 0 || host.modules.has(module) ? 0 : moduleLoadMs) +
    (prefer === undefined ? 0 : unmet(prefer, host.labels).length * preferenceMs) +
    times.runMs(label, host.id)
  );
}

/** How long a task is thought to wait for a cpu. */
function waitMs(host: HostEntry, times: RunTimes): number {
  const excess = 1 - freeSlots(host);
  if (excess <= 0) return 0;
  return Math.max(host.load.waitMs, (excess * times.meanMs(host.id)) / host.cpus);
}

/** Whether a host may get one more of a client's tasks; one that another host gave back goes to a free cpu only. */
function hasRoom(host: HostEntry, { hops, depth }: Placed, times: RunTimes): boolean {
  const { cpus } = host;
  // What has room for no more may wait for this one.
  if (depth > 0) return true;
  if (tasksOn(host) === 0) return true;
  if (hops > 0) return freeSlots(host) > 0;
  const most = Math.ceil(cpus * (1 + Math.max(tasksAhead(times.typicalMs, aheadMs), leastAhead)));
  // One that was full gets many again at once, and not each time one: few messages carry many tasks then.
  // A task may be what calls wait for: they keep none away.
  const count = host.tasksPending - host.callsPending;
  if (count >= most) host.isFull = true;
  else if (most < largeWindow || most - count >= most * refillPart) host.isFull = false;
  return !host.isFull;
}

/** The host that has most of a task's inputs. */
function holderOf({ inputs }: Placed, hosts: HostTable): HostEntry | undefined {
  let most: string | undefined;
  let mostBytes = 0;
  for (const input of inputs) {
    for (const id of input.hosts) {
      const bytes = inputs.reduce((sum, other) => sum + (other.hosts.has(id) ? other.bytes : 0), 0);
      if (bytes > mostBytes) [most, mostBytes] = [id, bytes];
    }
  }
  return most === undefined ? undefined : hosts.get(most);
}
