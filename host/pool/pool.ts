import {
  LimitExceededError,
  toWireError,
  type WireError,
  type WorkerCrashedError,
} from "../../scheduler/protocol/errors.ts";
import { decodeValue } from "../../scheduler/protocol/value.ts";
import { longestTimerMs } from "../../scheduler/time/longest-timer.ts";
import { ItemWriter, readItems, readNumber } from "../ring/items.ts";
import {
  hostSleepsWord,
  hostState,
  mostWorkers,
  type Shared,
  sharedBytes,
  timedWord,
  viewShared,
} from "../ring/layout.ts";
import { slotState } from "../ring/slot.ts";
import { type FromWorker, isWaiting, type NestedReply } from "../worker/messages.ts";
import { weightOf } from "../worker/outbox.ts";
import { Backlog } from "./backlog.ts";
import type { Call } from "./call.ts";
import { Catalog } from "./catalog.ts";
import { chooseLane, wakeForWaiting } from "./choose-lane.ts";
import type { Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import type { Site, SiteFacts } from "./site.ts";
import { Slots } from "./slots.ts";
import { Spin } from "./spin.ts";
import { Watch } from "./watch.ts";

/** So many calls may be submitted before it is looked what has been completed, so that slots are used again soon. */
const submitsPerPoll = 32;
/** After so many looks in vain, some 2 µs, calls that wait are taken for such that wait behind long ones. */
const looksPerHelp = 32;
/** How often it is looked after calls while there are any. */
const tickMs = 5;

/** What a host asks of its pool; whatever else runs calls can take its place. */
export type CallPool = Pick<
  Pool,
  | (
      | "site"
      | "addSegment"
      | "forgetSegment"
      | "submit"
      | "cancel"
      | "withdraw"
      | "shed"
      | "reply"
      | "wake"
      | "countEnded"
    )
  | ("running" | "blocked" | "drain")
>;

/**
 * Worker threads, and the calls that they run. Calls go into rings in shared memory and come back through others; what
 * has no place in a ring waits in the backlog. No more than `cpus` calls run at once; those that are blocked, because
 * they wait for what they have submitted, have others in their place.
 */
export class Pool {
  #isTimed: boolean;
  readonly #looksOn: boolean;
  readonly #shared: Shared = viewShared(new SharedArrayBuffer(sharedBytes));
  readonly #catalog = new Catalog((message) => {
    for (const { thread } of this.#lanes.all) if (!thread.hasEnded) thread.post(message);
  });
  readonly #items = new ItemWriter(this.#shared, this.#catalog.tellOfSegment);
  readonly #slots = new Slots(this.#shared);
  readonly #backlog = new Backlog<Call>();
  readonly #lanes: Lanes;
  readonly #watch = new Watch({
    lanes: () => this.#lanes.all,
    callOn: (lane) => this.#callOn(lane),
  });
  #callCount = 0;
  #submitCount = 0;
  /** In vain, one after the other. */
  #lookCount = 0;
  #ticker: NodeJS.Timeout | undefined;
  #tickMs = 0;
  #isArmDue = false;
  #isPolling = false;
  readonly #spin = new Spin({ poll: () => this.poll(), nowMs: () => performance.now() });
  /** Whether it looks on as soon as the event loop has had its turn. */
  #isSpinning = false;
  #isClosed = false;
  #drained = () => {};

  /**
   * @param isTimed whether calls are to tell how long they ran
   * @param looksOn whether it looks for completions once the event loop has had its turn after a call was submitted: for
   * those whose program does not look by itself
   */
  constructor(cpus: number, stackBytes: number, isTimed = false, looksOn = false) {
    this.#isTimed = isTimed;
    this.#looksOn = looksOn;
    this.#shared.words[timedWord] = Number(isTimed);
    this.#lanes = new Lanes({
      ...{ cpus, stackBytes, shared: this.#shared },
      messages: () => this.#catalog.messages(),
      ready: () => this.#dispatchWaiting(),
      said: (lane, message) => this.#said(lane, message),
      exited: (lane, error) => this.#exited(lane, error),
      parked: (lane) => this.#takeBack(lane),
      isBusy: (lane) => this.#callOn(lane) !== undefined,
    });
    this.#lanes.keep();
  }

  /** Calls are to tell how long they ran, from now on. */
  time(): void {
    this.#isTimed = true;
    this.#shared.words[timedWord] = 1;
  }

  /** Calls that have a cpu. */
  get running(): number {
    return this.#lanes.all.filter((lane) => !lane.isBlocked && this.#callOn(lane) !== undefined).length;
  }

  /** Calls that wait for what they have submitted. */
  get blocked(): number {
    return this.#lanes.all.filter((lane) => lane.isBlocked).length;
  }

  /** Calls that have not ended. */
  get size(): number {
    return this.#callCount;
  }

  /** Of those that have no place in a ring, the one whose turn is next. */
  get next(): Call | undefined {
    return this.#backlog.peek();
  }

  /** Whether a worker has begun a call that was submitted. */
  hasBegun({ slot }: Call): boolean {
    return slot >= 0 && this.#slots.state(slot) !== slotState.queued;
  }

  site(facts: SiteFacts): Site {
    const site = this.#catalog.site(facts);
    if (site.mayBlock) this.#lanes.keepSpare();
    return site;
  }

  /** Lets calls name a segment, until it is forgotten. */
  addSegment(id: number, buffer: SharedArrayBuffer): void {
    this.#catalog.addSegment(id, buffer);
  }

  forgetSegment(id: number): void {
    this.#catalog.forgetSegment(id);
  }

  /** Runs a call when it is its turn. Its `ended` is called once, never from within; then it may be submitted again. */
  submit(call: Call): void {
    call.slot = -1;
    call.ring = -1;
    call.hasEnded = false;
    call.stopError = undefined;
    call.site.callCount++;
    this.#callCount++;
    if (this.#isClosed) {
      queueMicrotask(() => this.#end(call, { kind: "returned" }));
      return;
    }
    if (!this.#backlog.isEmpty || !this.#dispatch(call)) this.#backlog.push(call);
    // Whoever submits many in one turn keeps the workers busy meanwhile.
    if (++this.#submitCount % submitsPerPoll === 0) this.poll();
    this.#look();
  }

  /** Ends a call, running or not, whose result nobody wants: it hears that it was given back. */
  cancel(call: Call): void {
    if (call.hasEnded || this.withdraw(call)) return;
    this.#watch.stop(call, undefined);
    this.#look();
  }

  /** Gives back a call that no worker has begun. False when one has, or it has ended. */
  withdraw(call: Call): boolean {
    if (call.hasEnded || (call.slot >= 0 && !this.#slots.cancel(call.slot))) return false;
    this.#end(call, { kind: "returned" });
    return true;
  }

  /**
   * Ends the thread of the running call that was begun last, of those that may be, and its memory with it; the call ends
   * with this error. False when there is none.
   */
  shed(mayEnd: (call: Call) => boolean, error: WireError): boolean {
    let newest: Lane | undefined;
    for (const lane of this.#lanes.all) {
      const call = this.#callOn(lane);
      if (call === undefined || call.stopError !== undefined || !mayEnd(call)) continue;
      const sinceMs = lane.seen?.call === call ? lane.seen.sinceMs : Number.POSITIVE_INFINITY;
      if (newest === undefined || sinceMs > (newest.seen?.sinceMs ?? 0)) newest = lane;
    }
    if (newest === undefined) return false;
    this.#callOn(newest)!.stopError = error;
    void newest.thread.terminate();
    return true;
  }

  /** The calls that have not ended. */
  *calls(): Iterable<Call> {
    for (const call of this.#slots.used()) if (!call.hasEnded) yield call;
    yield* this.#backlog;
  }

  /** Takes in what has been completed; true when anything has. */
  poll(): boolean {
    // What a worker has posted is read between completions, in order, and may ask to look for more.
    if (this.#isPolling) return false;
    this.#isPolling = true;
    let hasAny = false;
    try {
      for (const lane of this.#lanes.all) if (this.#takeFrom(lane)) hasAny = true;
      if (hasAny) this.#dispatchWaiting();
    } finally {
      this.#isPolling = false;
    }
    if (hasAny) this.#lookCount = 0;
    else if (++this.#lookCount % looksPerHelp === 0) wakeForWaiting(this.#lanes.all);
    return hasAny;
  }

  /**
   * Blocks this thread until something has been completed, or a worker has posted something, but not for long: then
   * whoever calls looks at the time.
   */
  sleep(): void {
    const { words } = this.#shared;
    Atomics.store(words, hostSleepsWord, hostState.blocked);
    for (const { thread } of this.#lanes.all) thread.readMail();
    if (!this.poll()) Atomics.wait(words, hostSleepsWord, hostState.blocked, tickMs);
    Atomics.store(words, hostSleepsWord, hostState.awake);
    this.poll();
    if (performance.now() - this.#tickMs > tickMs) this.#tick();
  }

  /** Gives back what has not begun, and waits for the rest at most so long before it is given back as well. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    this.#lanes.close();
    this.poll();
    for (const call of [...this.calls()]) {
      if (call.slot < 0 || this.#slots.cancel(call.slot)) this.#end(call, { kind: "returned" });
    }
    let timer: NodeJS.Timeout | undefined;
    if (this.#callCount > 0 && deadlineMs > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        timer = setTimeout(resolve, Math.min(deadlineMs, longestTimerMs));
        this.#look();
      });
    }
    clearTimeout(timer);
    for (const call of [...this.calls()]) this.#end(call, { kind: "returned" });
    await this.#lanes.terminate();
    clearInterval(this.#ticker);
  }

  /** Puts a call into a ring. False when it has to wait. */
  #dispatch(call: Call): boolean {
    const lane = this.#slots.hasFree ? chooseLane(this.#lanes.all, call.site.mayBlock) : undefined;
    if (lane === undefined) return false;
    const slot = this.#slots.fill(call, this.#items);
    this.#assign(call, lane);
    lane.thread.submissions.push(slot);
    lane.thread.nudge();
    return true;
  }

  #dispatchWaiting(): void {
    for (let call = this.#backlog.peek(); call !== undefined; call = this.#backlog.peek()) {
      if (!this.#dispatch(call)) return;
      this.#backlog.shift();
    }
  }

  /** Takes in what a worker has completed. */
  #takeFrom(lane: Lane): boolean {
    const { completions } = lane.thread;
    const count = completions.length;
    if (count === 0) return false;
    // What it posted before belongs to these calls, and to those that it runs now.
    lane.thread.readMail();
    for (let left = count; left > 0; left--) this.#completed(lane, completions.take());
    lane.completedCount += count;
    if (lane.assignedCount === 0 && !this.#backlog.isEmpty) lane.widen();
    return true;
  }

  #completed(lane: Lane, slot: number): void {
    const call = this.#slots.call(slot)!;
    const state = this.#slots.state(slot);
    if (this.#isTimed && state >= slotState.value) call.ranMs = this.#slots.ranMs(slot);
    if (lane.stopping?.call === call) lane.stopping = undefined;
    // It has ended without the answer that it waited for.
    if (lane.blocked === call) {
      lane.blocked = undefined;
      this.#lanes.keep();
    }
    this.#unassign(call);
    if (call.hasEnded) {
      this.#slots.giveBack(slot);
      return;
    }
    const number =
      state === slotState.value && call.stopError === undefined ? readNumber(this.#shared, slot) : undefined;
    if (number === undefined) {
      this.#completedWith(lane, call, slot, state);
      return;
    }
    // Before it hears of it: what it submits then may have the slot, which is in the caches.
    this.#slots.giveBack(slot);
    this.#settle(call);
    call.endedWithNumber(number);
    if (this.#callCount === 0) this.#drained();
  }

  #completedWith(lane: Lane, call: Call, slot: number, state: number): void {
    const [item] = readItems(this.#shared, slot);
    const large = lane.takeResult(item?.segment);
    const encoded = large === undefined ? item!.bytes : new Uint8Array(large);
    // It may be submitted again as soon as it hears of its end, while what it reads is still in the slot.
    this.#slots.part(slot);
    if (call.stopError === null) {
      this.#end(call, { kind: "returned" });
    } else if (state === slotState.error) {
      const error = decodeValue(encoded) as WireError;
      // One that was told to end ends with the reason, and not with having been told.
      const told = call.stopError !== undefined && error.code === "TASK_CANCELLED" ? call.stopError : error;
      this.#end(call, { kind: "error", error: lane.withThread(told) });
    } else {
      this.#end(call, large === undefined ? { kind: "value", encoded } : { kind: "large", buffer: large });
    }
    this.#slots.giveBack(slot);
  }

  /** The slot of a call is free again. */
  #release(call: Call, slot: number): void {
    this.#unassign(call);
    this.#slots.giveBack(slot);
  }

  #assign(call: Call, lane: Lane): void {
    call.ring = lane.index;
    lane.assignedCount++;
  }

  /** It no longer counts for the worker in whose ring it was put, whoever has taken it. */
  #unassign(call: Call): void {
    const lane = this.#lanes.all[call.ring];
    if (lane !== undefined) lane.assignedCount--;
    call.ring = -1;
  }

  #settle(call: Call): void {
    call.hasEnded = true;
    call.site.callCount--;
    this.#callCount--;
  }

  #end(call: Call, end: Parameters<Call["ended"]>[0]): void {
    if (call.hasEnded) return;
    this.#settle(call);
    call.ended(end);
    if (this.#callCount === 0) this.#drained();
  }

  /** From now on it is looked after calls, and a completion wakes this thread. */
  #look(): void {
    this.#ticker ??= setInterval(() => this.#tick(), tickMs);
    if (this.#looksOn) {
      if (this.#isSpinning) return;
      this.#isSpinning = true;
      Atomics.store(this.#shared.words, hostSleepsWord, hostState.awake);
      setImmediate(this.#lookOn);
      return;
    }
    if (this.#isArmDue) return;
    this.#isArmDue = true;
    // At the end of the turn: until then the program may look by itself.
    queueMicrotask(() => {
      this.#isArmDue = false;
      this.#arm();
    });
  }

  /**
   * Looks on for completions after some have come, so that what is submitted with these needs no further wake-up. The
   * event loop has its turn now and then.
   */
  readonly #lookOn = (): void => {
    this.#isSpinning = this.#spin.until(() => this.#callCount === 0);
    if (this.#isSpinning) setImmediate(this.#lookOn);
    else this.#arm();
  };

  #arm(): void {
    if (this.#callCount === 0 || this.#isSpinning) return;
    const { words } = this.#shared;
    Atomics.store(words, hostSleepsWord, hostState.inLoop);
    // What was completed before the workers could see that is here by now.
    this.poll();
    wakeForWaiting(this.#lanes.all);
  }

  #said(lane: Lane, message: FromWorker): void {
    switch (message.kind) {
      case "wake":
        this.poll();
        if (!this.#isSpinning) this.#lookOn();
        return;
      case "result":
        lane.results.push(message.buffer);
        return;
      case "said": {
        const call = this.#slots.call(message.slot);
        const said = message.message;
        if (call !== undefined && call.ticket === message.ticket && !call.hasEnded) {
          // Before it hears what is asked for, since it may answer at once.
          if (isWaiting(said)) this.#block(lane, call);
          else if (said.kind === "goesOn") this.#unblock(lane, call);
          call.said(said);
        }
        // Until then it may have to wait before it sends more.
        lane.thread.countHandled(weightOf(said));
      }
    }
  }

  /** The call that a worker has begun. */
  #callOn(lane: Lane): Call | undefined {
    const slot = lane.thread.running;
    return slot >= 0 && this.#slots.isRunningOn(slot, lane.index) ? this.#slots.call(slot) : undefined;
  }

  /** While a call waits for tasks of its own, its cpu is free. */
  #block(lane: Lane, call: Call): void {
    if (
      this.#lanes.all.length >= mostWorkers &&
      this.#lanes.all.every(({ isBlocked, thread }) => isBlocked || thread === lane.thread)
    ) {
      answer(lane, call, { kind: "failed", error: toWireError(tooManyBlocked()) });
      return;
    }
    lane.blocked = call;
    this.#unassign(call);
    this.#takeBack(lane);
    this.#lanes.keep();
    this.#dispatchWaiting();
  }

  /** Ends the wait of a call. */
  reply(call: Call, reply: NestedReply): void {
    const lane = this.#lanes.all.find(({ blocked }) => blocked === call);
    if (lane === undefined || call.hasEnded) return;
    answer(lane, call, reply);
    this.#unblock(lane, call);
  }

  /** A call goes on at once, even if all cpus are taken: for who holds them may be what it is about to end. */
  #unblock(lane: Lane, call: Call): void {
    if (lane.blocked !== call) return;
    lane.blocked = undefined;
    this.#assign(call, lane);
    this.#lanes.keep();
  }

  /** Wakes a worker, by its index, whose call waits for what moves in memory that it shares with whoever calls this. */
  wake(worker: number): void {
    this.#lanes.all[worker]?.thread.wake();
  }

  /** One of the tasks that a running call has submitted has ended. */
  countEnded(call: Call): void {
    this.#lanes.all.find((lane) => this.#callOn(lane) === call)?.thread.countEnded();
  }

  #tick(): void {
    const beforeMs = this.#tickMs;
    this.#tickMs = performance.now();
    this.poll();
    this.#watch.look(this.#tickMs);
    for (const lane of this.#lanes.all) {
      lane.measure(this.#tickMs - beforeMs);
      if (lane.isTooFull()) this.#takeBack(lane);
    }
    this.#dispatchWaiting();
    this.#arm();
    if (this.#slots.usedCount > 0 || !this.#backlog.isEmpty) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#lanes.trim();
  }

  /** What waits behind a call that takes long goes back, to whoever is free first. */
  #takeBack(lane: Lane): void {
    const { submissions } = lane.thread;
    const taken: Call[] = [];
    for (let slot = submissions.take(); slot >= 0; slot = submissions.take()) {
      const call = this.#slots.call(slot)!;
      this.#release(call, slot);
      if (!call.hasEnded) taken.push(call);
    }
    for (const call of taken.reverse()) this.#backlog.putBack(call);
  }

  /** A thread is gone; another takes its place, and its rings. */
  #exited(lane: Lane, error: WorkerCrashedError): void {
    const slot = lane.thread.running;
    const call = slot < 0 ? undefined : this.#slots.call(slot);
    const ticket = call?.ticket;
    this.poll();
    // What was completed by now may be in a slot again, and so may another call be in its own.
    if (call !== undefined && call.slot === slot && call.ticket === ticket)
      this.#orphaned(lane, call, slot, error);
    this.#takeBack(lane);
    // Others run what they took out of its ring.
    for (const call of this.#slots.used()) if (call.ring === lane.index) call.ring = -1;
    if (this.#isClosed) return;
    // One that nobody needs may be ended while it starts: that is no sign that threads can't start.
    if (lane.thread.isReady || lane.isRetired) {
      this.#lanes.replace(lane);
      this.#dispatchWaiting();
      return;
    }
    // Whoever waits for a thread hears of it at once. They are taken out first, since some may be put in again.
    const waiting: Call[] = [];
    for (let call = this.#backlog.peek(); call !== undefined; call = this.#backlog.peek()) {
      this.#backlog.shift();
      waiting.push(call);
    }
    for (const call of waiting) this.#end(call, { kind: "error", error: toWireError(error) });
    this.#lanes.startLater(lane);
  }

  /** A thread is gone that had announced a call. */
  #orphaned(lane: Lane, call: Call, slot: number, error: WorkerCrashedError): void {
    if (this.#slots.isRunningOn(slot, lane.index)) {
      const told = call.stopError;
      this.#release(call, slot);
      if (told === null) this.#end(call, { kind: "returned" });
      else this.#end(call, { kind: "error", error: lane.withThread(told ?? toWireError(error)) });
      return;
    }
    if (!this.#isNowhere(lane, call, slot)) return;
    const state = this.#slots.state(slot);
    if (state === slotState.value || state === slotState.error) {
      // It was done, and not yet told so.
      this.#completed(lane, slot);
    } else {
      // It was taken and not begun.
      this.#release(call, slot);
      if (!call.hasEnded) this.#backlog.putBack(call);
    }
  }

  /**
   * Whether no one but a dead thread can have taken a call. The rings are looked at first: who takes it out of one has
   * announced that before, and takes the announcement back only when it is among what was completed.
   */
  #isNowhere(dead: Lane, call: Call, slot: number): boolean {
    if (this.#lanes.all.some(({ thread }) => thread.submissions.has(slot))) return false;
    if (this.#lanes.all.some(({ thread }) => thread !== dead.thread && thread.running === slot)) return false;
    const { ticket } = call;
    this.poll();
    return call.slot === slot && call.ticket === ticket;
  }
}

/** What a call that waits asked for. */
function answer({ thread }: Lane, { ticket }: Call, reply: NestedReply): void {
  thread.post({ kind: "reply", ticket, reply });
  thread.wake();
}

const tooManyBlocked = () =>
  new LimitExceededError(`${mostWorkers} tasks of this host wait for tasks of theirs, and no more can`, {
    remedy: "Submit all that is needed before the first get, or nest less deeply.",
    data: { limit: "threads", mostThreads: mostWorkers },
  });
