import {
  LimitExceededError,
  toWireError,
  type WireError,
  type WorkerCrashedError,
} from "../../scheduler/protocol/errors.ts";
import { decodeValue } from "../../scheduler/protocol/value.ts";
import type { LoadedModule } from "../modules.ts";
import { ItemWriter, readItems, readNumber } from "../ring/items.ts";
import {
  hostSleepsWord,
  hostState,
  mostWorkers,
  type Shared,
  sharedBytes,
  viewShared,
  workerCountWord,
} from "../ring/layout.ts";
import { slotState } from "../ring/slot.ts";
import type { FromWorker, NestedReply } from "../worker/messages.ts";
import { timeoutError } from "../worker/meter.ts";
import { weightOf } from "../worker/outbox.ts";
import { Backlog } from "./backlog.ts";
import type { Call } from "./call.ts";
import { Lane } from "./lane.ts";
import { type Site, type SiteFacts, Sites } from "./site.ts";
import { Slots } from "./slots.ts";
import { Spin } from "./spin.ts";
import { WorkerThread } from "./worker-thread.ts";

/** So many calls may be submitted before it is looked what has been completed, so that slots are used again soon. */
const submitsPerPoll = 32;
/** So many calls may wait in the ring of a worker before another is woken, which costs as much as many short calls. */
const mostBehind = 4;
/** After so many looks in vain, some 2 µs, calls that wait are taken for such that wait behind long ones. */
const looksPerHelp = 32;
/** How often it is looked after calls while there are any. */
const tickMs = 5;
/** A call that looks at the time itself has ended by then; this is for all others. */
const noticeMs = 5;
/** How long a call may take to notice that it is to end, before its whole thread is ended. */
const backstopMs = 20;
/** How long to wait after a thread that could not even start. */
const restartMs = 1_000;
/** How long threads that took the place of blocked ones are kept when they are no longer needed. */
const spareMs = 1_000;

/**
 * Worker threads, and the calls that they run. Calls go into rings in shared memory and come back through others; what
 * has no place in a ring waits in the backlog. No more than `cpus` calls run at once; those that are blocked, because
 * they wait for what they have submitted, have others in their place.
 */
export class Pool {
  readonly #cpus: number;
  readonly #stackBytes: number;
  readonly #shared: Shared = viewShared(new SharedArrayBuffer(sharedBytes));
  readonly #items = new ItemWriter(this.#shared, (segment) => this.#tellOfSegment(segment));
  readonly #slots = new Slots(this.#shared);
  readonly #backlog = new Backlog<Call>();
  readonly #lanes: Lane[] = [];
  readonly #modules = new Map<string, LoadedModule>();
  readonly #segments = new Map<number, SharedArrayBuffer>();
  /** Those of them that the workers have been told of. */
  readonly #toldSegments = new Set<number>();
  readonly #sites = new Sites((site) => this.#tellOf(site));
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
  #trimming: NodeJS.Timeout | undefined;
  #isClosed = false;
  #drained = () => {};

  constructor(cpus: number, stackBytes: number) {
    this.#cpus = cpus;
    this.#stackBytes = stackBytes;
    this.#keepThreads();
  }

  /** Calls that have a cpu. */
  get running(): number {
    return this.#lanes.filter((lane) => !lane.isBlocked && this.#callOn(lane) !== undefined).length;
  }

  /** Calls that wait for what they have submitted. */
  get blocked(): number {
    return this.#lanes.filter((lane) => lane.isBlocked).length;
  }

  /** Calls that have not ended. */
  get size(): number {
    return this.#callCount;
  }

  site(facts: SiteFacts): Site {
    return this.#sites.get(facts);
  }

  /** Lets calls name a segment, until it is forgotten. */
  addSegment(id: number, buffer: SharedArrayBuffer): void {
    this.#segments.set(id, buffer);
  }

  forgetSegment(id: number): void {
    this.#segments.delete(id);
    if (this.#toldSegments.delete(id)) this.#postToAll({ kind: "forget", segment: id });
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
    if (call.hasEnded) return;
    if (call.slot >= 0 && !this.#slots.cancel(call.slot)) {
      this.#stop(call, undefined);
      return;
    }
    this.#end(call, { kind: "returned" });
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
      for (const lane of this.#lanes) if (this.#takeFrom(lane)) hasAny = true;
      if (hasAny) this.#dispatchWaiting();
    } finally {
      this.#isPolling = false;
    }
    if (hasAny) this.#lookCount = 0;
    else if (++this.#lookCount % looksPerHelp === 0) this.#help();
    return hasAny;
  }

  /**
   * Blocks this thread until something has been completed, or a worker has posted something, but not for long: then
   * whoever calls looks at the time.
   */
  sleep(): void {
    const { words } = this.#shared;
    Atomics.store(words, hostSleepsWord, hostState.blocked);
    for (const { thread } of this.#lanes) thread.readMail();
    if (!this.poll()) Atomics.wait(words, hostSleepsWord, hostState.blocked, tickMs);
    Atomics.store(words, hostSleepsWord, hostState.awake);
    this.poll();
    if (performance.now() - this.#tickMs > tickMs) this.#tick();
  }

  /** Gives back what has not begun, and waits for the rest at most so long before it is given back as well. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#trimming);
    this.poll();
    for (const call of [...this.calls()]) {
      if (call.slot < 0 || this.#slots.cancel(call.slot)) this.#end(call, { kind: "returned" });
    }
    let timer: NodeJS.Timeout | undefined;
    if (this.#callCount > 0 && deadlineMs > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        timer = setTimeout(resolve, deadlineMs);
        this.#look();
      });
    }
    clearTimeout(timer);
    for (const call of [...this.calls()]) this.#end(call, { kind: "returned" });
    await Promise.all(this.#lanes.map((lane) => lane.thread.terminate()));
    clearInterval(this.#ticker);
  }

  /** Puts a call into a ring. False when it has to wait. */
  #dispatch(call: Call): boolean {
    const lane = this.#slots.hasFree ? this.#laneFor(call) : undefined;
    if (lane === undefined) return false;
    const slot = this.#slots.fill(call, this.#items);
    this.#assign(call, lane);
    lane.thread.submissions.push(slot);
    lane.thread.nudge();
    return true;
  }

  /** The one with the fewest calls; but one that sleeps only when the others don't keep up. */
  #laneFor({ site }: Call): Lane | undefined {
    let best: Lane | undefined;
    let asleep: Lane | undefined;
    for (const lane of this.#lanes) {
      if (!lane.takesCalls || lane.assignedCount >= (site.mayBlock ? 1 : lane.window)) continue;
      if (lane.thread.isAsleep) asleep ??= lane;
      else if (best === undefined || lane.assignedCount < best.assignedCount) best = lane;
      if (best?.assignedCount === 0) return best;
    }
    if (best === undefined || asleep === undefined) return best ?? asleep;
    if (best.assignedCount <= mostBehind || best.thread.submissions.length < mostBehind) return best;
    return asleep;
  }

  /** Wakes workers for calls that wait behind others, and that nobody is about to take. */
  #help(): void {
    if (!this.#lanes.some((lane) => lane.takesCalls && lane.thread.isAsleep)) return;
    let waitingCount = 0;
    for (const { thread, takesCalls } of this.#lanes) {
      waitingCount += thread.submissions.length;
      if (takesCalls && !thread.isAsleep && thread.running < 0) waitingCount--;
    }
    for (const lane of this.#lanes) {
      if (waitingCount <= 0) return;
      if (!lane.takesCalls || !lane.thread.isAsleep) continue;
      lane.thread.nudge();
      waitingCount--;
    }
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
    if (lane.stopping?.call === call) lane.stopping = undefined;
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
    const lane = this.#lanes[call.ring];
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
    this.#help();
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
          call.said(said);
          if (said.kind === "get" || said.kind === "wait") this.#block(lane, call);
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
      this.#lanes.length >= mostWorkers &&
      this.#lanes.every(({ isBlocked, thread }) => isBlocked || thread === lane.thread)
    ) {
      const reply = { kind: "failed" as const, error: toWireError(tooManyBlocked()) };
      lane.thread.post({ kind: "reply", ticket: call.ticket, reply });
      lane.thread.wake();
      return;
    }
    lane.blocked = call;
    this.#unassign(call);
    this.#takeBack(lane);
    this.#keepThreads();
    this.#dispatchWaiting();
  }

  /** Ends the wait of a call. */
  reply(call: Call, reply: NestedReply): void {
    const lane = this.#lanes.find(({ blocked }) => blocked === call);
    if (lane === undefined || call.hasEnded) return;
    // It goes on at once, even if all cpus are taken: for who holds them may be what it is about to end.
    lane.blocked = undefined;
    this.#assign(call, lane);
    lane.thread.post({ kind: "reply", ticket: call.ticket, reply });
    lane.thread.wake();
    this.#keepThreads();
  }

  /** One of the tasks that a running call has submitted has ended. */
  countEnded(call: Call): void {
    this.#lanes.find((lane) => this.#callOn(lane) === call)?.thread.countEnded();
  }

  /**
   * Tells a running call to end. One that has checks in its code notices within about a millisecond, and the thread
   * lives on; else the thread is ended.
   * @param error what the call ends with, unless it is done already; none when nobody wants to know
   */
  #stop(call: Call, error: WireError | undefined): void {
    if (call.stopError !== undefined) return;
    call.stopError = error ?? null;
    const lane = this.#lanes.find((lane) => this.#callOn(lane) === call);
    if (lane === undefined) return; // It is done.
    lane.stopping = { call, sinceMs: performance.now() };
    lane.thread.stop(call.ticket);
    this.#look();
  }

  #tick(): void {
    this.#tickMs = performance.now();
    this.poll();
    for (const lane of this.#lanes) this.#lookAfter(lane, this.#tickMs);
    this.#dispatchWaiting();
    this.#arm();
    if (this.#slots.usedCount > 0 || !this.#backlog.isEmpty) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#trim();
  }

  #lookAfter(lane: Lane, nowMs: number): void {
    const call = this.#callOn(lane);
    if (call === undefined || call !== lane.seen?.call || call.ticket !== lane.seen.ticket) {
      lane.seen = call && { call, ticket: call.ticket, sinceMs: nowMs };
    } else if (nowMs - lane.seen.sinceMs > call.timeoutMs + noticeMs) {
      this.#stop(call, toWireError(timeoutError(call.site.label, call.timeoutMs)));
    }
    const { stopping } = lane;
    if (stopping !== undefined && nowMs - stopping.sinceMs > backstopMs) {
      lane.stopping = undefined;
      void lane.thread.terminate();
    }
    if (lane.isTooFull()) this.#takeBack(lane);
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

  /** As many threads as cpus, beside those that are blocked, take calls or are about to. */
  #keepThreads(): void {
    if (this.#isClosed) return;
    const active = this.#lanes.filter((lane) => !lane.isBlocked && !lane.isParked);
    let surplus = active.length - this.#cpus;
    // The idle ones first; one that runs a call ends it before.
    active.sort((one, other) => one.assignedCount - other.assignedCount);
    for (const lane of active.slice(0, Math.max(surplus, 0))) {
      lane.isParked = true;
      this.#takeBack(lane);
    }
    for (const lane of this.#lanes) {
      if (surplus >= 0) break;
      if (!lane.isParked || lane.isBlocked || lane.isRetired) continue;
      lane.isParked = false;
      surplus++;
    }
    while (surplus++ < 0 && this.#lanes.length < mostWorkers) this.#spawn(this.#lanes.length);
  }

  #spawn(index: number): void {
    const thread = new WorkerThread({
      shared: this.#shared,
      index,
      stackBytes: this.#stackBytes,
      ready: () => this.#dispatchWaiting(),
      said: (message) => this.#said(lane, message),
      exited: (error) => this.#exited(lane, error),
    });
    const lane = new Lane(index, thread);
    this.#lanes[index] = lane;
    Atomics.store(this.#shared.words, workerCountWord, this.#lanes.length);
    for (const module of this.#modules.values()) thread.post({ kind: "module", module: forWorker(module) });
    for (const site of this.#sites.all())
      thread.post({ kind: "site", index: site.index, site: site.forWorker });
    for (const id of this.#toldSegments)
      thread.post({ kind: "segment", id, buffer: this.#segments.get(id)! });
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
    if (lane.thread.isReady) {
      lane.hasRetired = lane.isRetired;
      if (lane.isRetired) this.#retire();
      else this.#spawn(lane.index);
      this.#keepThreads();
      this.#dispatchWaiting();
    } else {
      this.#startFailed(lane, error);
    }
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
    if (this.#lanes.some(({ thread }) => thread.submissions.has(slot))) return false;
    if (this.#lanes.some(({ thread }) => thread !== dead.thread && thread.running === slot)) return false;
    const { ticket } = call;
    this.poll();
    return call.slot === slot && call.ticket === ticket;
  }

  /** A machine on which threads don't start now may do so later; whoever waits for one hears of it at once. */
  #startFailed(lane: Lane, error: WorkerCrashedError): void {
    const waiting: Call[] = [];
    // They are taken out first, since some may be put in again.
    for (let call = this.#backlog.peek(); call !== undefined; call = this.#backlog.peek()) {
      this.#backlog.shift();
      waiting.push(call);
    }
    for (const call of waiting) this.#end(call, { kind: "error", error: toWireError(error) });
    setTimeout(() => {
      if (!this.#isClosed) this.#spawn(lane.index);
    }, restartMs).unref();
  }

  /** Ends threads that nobody needs any more, a while later. */
  #trim(): void {
    if (this.#trimming !== undefined || this.#isClosed || this.#lanes.length <= this.#cpus) return;
    this.#trimming = setTimeout(() => {
      this.#trimming = undefined;
      // Only from the end, so that indexes stay.
      for (const lane of this.#lanes.slice(this.#cpus).reverse()) {
        if (!lane.isParked || this.#callOn(lane) !== undefined) break;
        lane.isRetired = true;
        void lane.thread.terminate();
      }
    }, spareMs).unref();
  }

  #retire(): void {
    while (this.#lanes.at(-1)?.hasRetired) this.#lanes.pop();
    Atomics.store(this.#shared.words, workerCountWord, this.#lanes.length);
  }

  #tellOf(site: Site): void {
    const { module } = site.facts;
    if (!this.#modules.has(module.sha256)) {
      this.#modules.set(module.sha256, module);
      this.#postToAll({ kind: "module", module: forWorker(module) });
    }
    this.#postToAll({ kind: "site", index: site.index, site: site.forWorker });
  }

  /** Workers hear of a segment with the first call that reads it: most objects are never a task's argument. */
  #tellOfSegment(id: number): void {
    if (this.#toldSegments.has(id)) return;
    this.#toldSegments.add(id);
    this.#postToAll({ kind: "segment", id, buffer: this.#segments.get(id)! });
  }

  #postToAll(message: Parameters<WorkerThread["post"]>[0]): void {
    for (const { thread } of this.#lanes) if (!thread.hasEnded) thread.post(message);
  }
}

const forWorker = ({ sha256, wasm, manifest, memory, isReusable, stateless }: LoadedModule) => ({
  ...{ sha256, wasm, manifest, memory, isReusable, stateless },
});

const tooManyBlocked = () =>
  new LimitExceededError(`${mostWorkers} tasks of this host wait for tasks of theirs, and no more can`, {
    remedy: "Submit all that is needed before the first get, or nest less deeply.",
    data: { limit: "threads", mostThreads: mostWorkers },
  });
