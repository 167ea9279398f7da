import type { IdleHosts } from "../placement/idle-hosts.ts";
import { unreservedCpus } from "../placement/resources.ts";
import type { Load, Returned } from "../protocol/messages.ts";
import { HostQueue, type HostQueueDeps, type QueuedTask } from "./host-queue.ts";
import { Thief, type ThiefDeps } from "./thief.ts";

/** How soon it is looked again after what waits, or for work, at the earliest. */
const lookMs = 1;

export type HostSchedulerDeps<T> = HostQueueDeps<T> &
  ThiefDeps & {
    /** Other hosts that have asked for work. */
    idle: IdleHosts;
    /** What the host has to do, with what is not here yet. */
    load(): Load;
    /** A task goes back to its owner, who finds another host for it. */
    giveBack(task: T, returned: Returned): void;
    /** Asks another host for work. */
    ask(hostId: string): void;
    /** There is no memory for more tasks. */
    isShort(): boolean;
    /** `wake` is to be called after so long, in ms, or sooner. */
    wakeIn(ms: number): void;
  };

/**
 * What a host does with the tasks that it gets, and to get some: it runs them in order, gives back what others do sooner,
 * gives away what waits when another host asks, and asks others when it has free cpus. It knows no clock and sends nothing.
 */
export class HostScheduler<T extends QueuedTask> {
  readonly queue: HostQueue<T>;
  readonly #deps: HostSchedulerDeps<T>;
  readonly #thief: Thief;
  readonly #cpus: number;

  constructor(deps: HostSchedulerDeps<T>) {
    this.#deps = deps;
    this.queue = new HostQueue(deps);
    this.#thief = new Thief(deps);
    this.#cpus = deps.resources.cpu ?? 0;
  }

  /** A task has come, with all that it needs. */
  arrived(task: T, nowMs: number): void {
    if (this.#isBarred(task)) this.#deps.giveBack(task, { kind: "returned" });
    else if (this.queue.isTooFull(task, nowMs) || (this.#deps.isShort() && this.queue.canHop(task)))
      this.#giveBack(task, nowMs);
    else this.queue.push(task, nowMs);
    this.#lookAgain(nowMs);
  }

  /** A task that was started has ended. */
  ended(task: T, nowMs: number): void {
    this.queue.ended(task, nowMs);
    // What is short is done sooner than moved.
    if (!this.queue.hasShortTasks) this.#seek(nowMs);
  }

  /** A task that was started makes an actor, which has what it took until `letGo`. What can't run beside it goes elsewhere. */
  keep(task: T): void {
    this.queue.keep(task);
    this.#giveBackBarred();
  }

  /** The actor that a task has made is there no more. */
  letGo(task: T, nowMs: number): void {
    this.queue.letGo(task, nowMs);
    this.#seek(nowMs);
  }

  /** A task that was started has not been run to its end, as when it is in line behind a long one: it goes elsewhere. */
  withdrawn(task: T, nowMs: number): void {
    this.queue.withdrawn(task);
    this.#deps.giveBack(task, { kind: "returned" });
    // What it was behind may be no task, but a turn of an actor, of whose end nobody here is told.
    this.queue.fill(nowMs);
  }

  /**
   * Another host has so many free cpus and asks for work.
   * @returns how many are still free when it has got what waits here; that is remembered for a while
   */
  asked(hostId: string, free: number, nowMs: number): number {
    this.queue.asked(nowMs);
    const given = this.queue.giveAway(free);
    for (const task of given) this.#deps.giveBack(task, { kind: "returned", to: hostId });
    const left = free - given.length;
    if (left > 0) this.#deps.idle.add(hostId, left, nowMs);
    this.#lookAgain(nowMs);
    return left;
  }

  /** Looks after what waits and asks for work, as it has wanted to; see `wakeIn`. */
  wake(nowMs: number): void {
    for (const task of this.queue.overdue(nowMs)) this.#giveBack(task, nowMs);
    this.#lookAgain(nowMs);
    this.#seek(nowMs);
  }

  /** Ends what has waited longer than it is wanted; to be called now and then. */
  tick(nowMs: number): void {
    this.queue.expire(nowMs);
    this.#seek(nowMs);
  }

  /** Gives back all that has not been started. */
  giveBackWaiting(): void {
    for (const task of this.queue.remove(({ hasEnded }) => !hasEnded))
      this.#deps.giveBack(task, { kind: "returned" });
  }

  /** Reserves bundles for a placement group; see `HostQueue.reserve`. What can't run beside it goes elsewhere. */
  reserve(...request: Parameters<HostQueue<T>["reserve"]>): boolean {
    const isReserved = this.queue.reserve(...request);
    if (isReserved) this.#giveBackBarred();
    return isReserved;
  }

  /** The host has so much of something from now on. What can't run here any more goes elsewhere. */
  offer(name: string, amount: number, nowMs: number): void {
    this.queue.offer(name, amount, nowMs);
    this.#giveBackBarred();
  }

  /** Gives back bundles of a group, all if none are named. */
  unreserve(group: string, indexes: readonly number[] | undefined, nowMs: number): void {
    this.queue.unreserve(group, indexes, nowMs);
    this.#giveBackBarred();
  }

  /** It is better off elsewhere: where somebody has asked for work, or wherever its owner finds. */
  #giveBack(task: T, nowMs: number): void {
    const to = this.#deps.idle.take(nowMs);
    this.#deps.giveBack(task, { kind: "returned", isFull: true, ...(to !== undefined && { to }) });
  }

  #giveBackBarred(): void {
    for (const task of this.queue.remove((task) => !task.hasEnded && this.#isBarred(task)))
      this.#deps.giveBack(task, { kind: "returned" });
  }

  /** Whether it can't run here, and has an owner that finds another host. */
  #isBarred(task: T): boolean {
    return task.owner !== undefined && this.queue.isBarred(task);
  }

  /** While other hosts are known to have free cpus, what waits too long goes there. */
  #lookAgain(nowMs: number): void {
    if (this.queue.isHurried(nowMs)) this.#deps.wakeIn(lookMs);
  }

  /** Asks another host for work when some cpus have nothing to do and it is time to. */
  #seek(nowMs: number): void {
    const { load, ask, wakeIn } = this.#deps;
    const { queued, running, unreserved } = load();
    if (running > 0) this.#thief.worked();
    const free = unreservedCpus(this.#cpus, unreserved) - running;
    if (queued > 0 || free <= 0) return;
    const victim = this.#thief.victim(free, this.#cpus, nowMs);
    if (victim !== undefined) ask(victim);
    wakeIn(Math.max(this.#thief.nextMs - nowMs, lookMs));
  }
}
