import { Bundles, type Holding } from "../groups/bundles.ts";
import { shortMs, tasksAhead } from "../placement/ahead.ts";
import { cpuOf, defaultNeed, Ledger, missing } from "../placement/resources.ts";
import type { BundleName, Load, Resources } from "../protocol/messages.ts";
import { FairQueue, type Waiting } from "./fair-queue.ts";

/** A task on a host, until it has ended there. */
export type QueuedTask = Waiting & {
  need: Resources;
  /** The bundle of a placement group that it runs in, if it is to run in one. */
  bundle: BundleName | undefined;
  /** What it has taken from, of that bundle. */
  taken: Ledger | undefined;
  /** When nobody wants it any more, unless it has begun. */
  expiresMs: number | undefined;
  /** Whether its owner can place it elsewhere. */
  canMove: boolean;
  /** How many hosts have given it back since they were full. */
  hops: number;
};

/** One that does not fit lets others pass for so long; then what it needs is kept for it. */
export const passingMs = 500;

/** A task that has waited for so long, in ms, is better off elsewhere … */
const patienceMs = 0.5;
/** … if other hosts have asked for work lately, so that there are some with free cpus. */
const latelyMs = 10;
/** So often a task may be given back since hosts were full; then it waits. */
const mostHops = 3;

/** Each cpu has so much work in line, in ms; of short tasks, as much as their clients may have here. */
const aheadMs = 0.2;
const shortAheadMs = 10;

const isPlain = ({ need, bundle }: Pick<QueuedTask, "need" | "bundle">) =>
  need === defaultNeed && bundle === undefined;

export type HostQueueDeps<T> = {
  resources: Resources;
  /** How long most tasks run at most, in ms. */
  typicalMs(): number;
  /** Is to run a task, of which `ended` is told later. */
  start(task: T): void;
  /** A task has waited longer than it should have. */
  expired(task: T): void;
  /** A group can use what it has reserved. */
  settled?(holding: Holding): void;
};

/**
 * The tasks of one host: those that run have taken what they need, the others wait until it is free. It knows no clock
 * and runs nothing itself.
 */
export class HostQueue<T extends QueuedTask> {
  readonly ledger: Ledger;
  readonly #deps: HostQueueDeps<T>;
  readonly #waiting = new FairQueue<T>();
  #running = 0;
  /** Of those, the ones that need a cpu and nothing else. */
  #plain = 0;
  #queuedMs = 0;
  #askedMs = Number.NEGATIVE_INFINITY;
  #expiring = 0;
  /** How many wait that need anything else than a cpu. */
  #special = 0;
  /** What is in line waits behind a long task: nothing more is put there. */
  #isStuck = false;
  readonly #bundles: Bundles;
  /** How many run in bundles. */
  #bundled = 0;

  constructor(deps: HostQueueDeps<T>) {
    this.#deps = deps;
    this.ledger = new Ledger(deps.resources);
    this.#bundles = new Bundles(this.ledger);
  }

  get load(): Load {
    const cpus = Math.max(this.ledger.total.cpu ?? 1, 1);
    return { queued: this.#waiting.size, running: this.#running, waitMs: this.#queuedMs / cpus };
  }

  /** Whether tasks are so short that it takes longer to move them than to run them. */
  get hasShortTasks(): boolean {
    return this.#deps.typicalMs() < shortMs;
  }

  /** How many tasks have been started and have not ended. */
  get running(): number {
    return this.#running;
  }

  /** Whether a task would run at once. */
  isFree(task: T): boolean {
    return this.#waiting.size === 0 && this.#fits(task);
  }

  /** How many of them run in what groups have reserved. */
  get bundled(): number {
    return this.#bundled;
  }

  /** Whether nothing is taken. */
  get isWhole(): boolean {
    return this.#plain === 0 && this.ledger.isWhole;
  }

  /** What no group and no actor has; undefined if none has anything. */
  get unreserved(): Resources | undefined {
    return this.#bundles.unreserved;
  }

  /**
   * Reserves bundles for a group, all or none. `settled` is called when they can be used, at once if they can.
   * @returns whether they are reserved
   */
  reserve(
    owner: string,
    group: string,
    attempt: number,
    bundles: { index: number; need: Resources }[],
  ): boolean {
    const isReserved = this.#bundles.reserve(owner, group, attempt, bundles);
    if (isReserved) this.#settle();
    return isReserved;
  }

  /** Gives back bundles of a group, all if none are named. */
  unreserve(group: string, indexes: readonly number[] | undefined, nowMs: number): void {
    this.#bundles.drop(group, indexes);
    this.#settle();
    this.fill(nowMs);
  }

  /** What groups of an owner have here. */
  holdingsOf(owner: string): Holding[] {
    return this.#bundles.of(owner);
  }

  /** Whether it can't run here: its bundle is not here, or what it needs is reserved. */
  isBarred({ bundle, owner, need }: T): boolean {
    if (bundle !== undefined) return !this.#bundles.has(bundle, owner);
    return (
      this.#bundles.isBarred(need) || (need !== defaultNeed && missing(need, this.ledger.total).length > 0)
    );
  }

  /** The host has so much of something from now on. */
  offer(name: string, amount: number, nowMs: number): void {
    this.#bundles.offer(name, amount);
    this.fill(nowMs);
  }

  /** Another host has asked for work. */
  asked(nowMs: number): void {
    this.#askedMs = nowMs;
  }

  /** Whether a task that has just come should go to another host. */
  isTooFull(task: T, nowMs: number): boolean {
    return this.canHop(task) && !this.hasShortTasks && this.#othersAreFree(nowMs) && !this.isFree(task);
  }

  /** Whether it is to be looked for tasks that have waited so long that they are better off elsewhere. */
  isHurried(nowMs: number): boolean {
    return this.#waiting.size > 0 && this.#othersAreFree(nowMs);
  }

  /** Takes these out. */
  overdue(nowMs: number): T[] {
    if (!this.isHurried(nowMs)) return [];
    return this.remove((task) => !task.hasEnded && nowMs - task.queuedMs >= patienceMs && this.canHop(task));
  }

  canHop({ canMove, hops }: T): boolean {
    return canMove && hops < mostHops;
  }

  #othersAreFree(nowMs: number): boolean {
    return nowMs - this.#askedMs < latelyMs;
  }

  /** Takes in a task, and runs it when it is its turn. */
  push(task: T, nowMs: number): void {
    if (this.isFree(task)) {
      this.#start(task);
      return;
    }
    this.#wait(task);
    this.fill(nowMs);
  }

  /** A task that was started has ended, or was given back. */
  ended(task: T, nowMs: number): void {
    this.#running--;
    this.#isStuck = false;
    this.#leaves(task);
    this.#settle();
    this.fill(nowMs);
  }

  /** A task that was started leaves without having ended: it was in line behind a long one. */
  withdrawn(task: T): void {
    this.#running--;
    this.#isStuck = true;
    this.#leaves(task);
  }

  #leaves(task: T): void {
    if (isPlain(task)) this.#plain--;
    else this.#homeOf(task).give(task.need);
    if (task.bundle !== undefined) this.#bundled--;
  }

  /** A task that was started has ended, but what it has taken stays taken: it has made an actor. */
  keep(task: T): void {
    this.#running--;
    if (task.bundle === undefined) this.#bundles.keep(task.need);
    else this.#bundled--;
  }

  /** The actor that it has made is there no more. */
  letGo(task: T, nowMs: number): void {
    if (task.bundle === undefined) this.#bundles.letGo(task.need);
    this.#homeOf(task).give(task.need);
    this.#settle();
    this.fill(nowMs);
  }

  /** A task that runs waits for others that it has submitted, and needs no cpu until it goes on. */
  blocked(task: T, nowMs: number): void {
    if (isPlain(task)) this.#plain--;
    else this.#homeOf(task).give(cpuOf(task.need));
    this.#settle();
    this.fill(nowMs);
  }

  /** It goes on at once, even if all cpus are taken: for who holds them may be what it is about to end. */
  resumed(task: T): void {
    if (isPlain(task)) this.#plain++;
    else this.#homeOf(task).take(cpuOf(task.need));
  }

  /** Starts what can run now. */
  fill(nowMs: number): void {
    if (this.#waiting.size === 0 || (this.#special === 0 && !this.#hasRoom())) return;
    const fits = (task: T) => task.hasEnded || this.#fits(task);
    const isUrgent = (task: T) => nowMs - task.queuedMs > passingMs;
    for (;;) {
      const task = this.#waiting.take(nowMs, fits, isUrgent);
      if (task === undefined) return;
      this.#left(task);
      if (!task.hasEnded) this.#start(task);
    }
  }

  /** Takes out tasks that wait, those that would be run last, for a host that has nothing to do. */
  giveAway(count: number): T[] {
    // What is as good as begun would only be on its way for longer.
    if (this.load.waitMs < patienceMs) return [];
    const given = this.#waiting.takeLast(count, (task) => task.canMove && !task.hasEnded);
    for (const task of given) this.#left(task);
    return given;
  }

  /** Takes out the waiting tasks that `test` takes. */
  remove(test: (task: T) => boolean): T[] {
    const removed = this.#waiting.remove(test);
    for (const task of removed) this.#left(task);
    return removed;
  }

  /** Ends what has waited too long. */
  expire(nowMs: number): void {
    if (this.#expiring === 0) return;
    for (const task of this.remove(({ expiresMs }) => expiresMs !== undefined && expiresMs <= nowMs))
      if (!task.hasEnded) this.#deps.expired(task);
  }

  #fits(task: T): boolean {
    if (isPlain(task)) return this.#hasRoom();
    if (task.bundle !== undefined) return this.#bundles.ledger(task.bundle)?.fits(task.need) ?? false;
    const freeCpus = this.ledger.free("cpu");
    const { cpu = 0 } = task.need;
    return this.ledger.fits(task.need) && (cpu === 0 || cpu <= freeCpus - this.#plain);
  }

  /** Whether one more task that needs a cpu and nothing else can be started. */
  #hasRoom(): boolean {
    return this.#plain < Math.floor(this.ledger.free("cpu")) * (1 + this.#ahead());
  }

  /** Where it takes from, and gives back to. */
  #homeOf({ bundle, taken }: T): Ledger {
    return bundle === undefined || taken === undefined ? this.ledger : this.#bundles.home(bundle, taken);
  }

  /** What groups have reserved is theirs once no more runs than has room beside it. */
  #settle(): void {
    if (!this.#bundles.isAwaited) return;
    const hasRoom = this.#plain <= Math.floor(this.ledger.free("cpu")) * (1 + this.#ahead());
    for (const holding of this.#bundles.settle(hasRoom)) this.#deps.settled?.(holding);
  }

  /** How many short tasks each cpu has in line, so that it does not wait for the next one. */
  #ahead(): number {
    if (this.#isStuck) return 0;
    return Math.floor(tasksAhead(this.#deps.typicalMs(), this.hasShortTasks ? shortAheadMs : aheadMs));
  }

  #start(task: T): void {
    const { bundle } = task;
    if (bundle !== undefined) {
      task.taken = this.#bundles.ledger(bundle);
      this.#bundled++;
    }
    if (isPlain(task)) this.#plain++;
    else this.#homeOf(task).take(task.need);
    this.#running++;
    this.#deps.start(task);
  }

  #wait(task: T): void {
    this.#waiting.push(task);
    this.#queuedMs += task.estimateMs;
    if (!isPlain(task)) this.#special++;
    if (task.expiresMs !== undefined) this.#expiring++;
  }

  #left(task: T): void {
    this.#queuedMs = this.#waiting.size === 0 ? 0 : this.#queuedMs - task.estimateMs;
    if (task.expiresMs !== undefined) this.#expiring--;
    if (!isPlain(task)) this.#special--;
  }
}
