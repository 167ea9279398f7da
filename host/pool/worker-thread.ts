import source from "worker:../worker/main.ts";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { WorkerCrashedError } from "../../scheduler/protocol/errors.ts";
import {
  controlWords,
  endedWord,
  handledWord,
  mailWord,
  parkedWord,
  postedWord,
  runningWord,
  sleepsWord,
  stopWord,
  wakeWord,
} from "../ring/control.ts";
import { completionsAt, controlAt, type Shared, submissionsAt } from "../ring/layout.ts";
import { Completions, Submissions } from "../ring/rings.ts";
import type { WorkerData } from "../worker/main.ts";
import type { FromWorker, ToWorker } from "../worker/messages.ts";
import { mostAhead } from "../worker/outbox.ts";

export type WorkerThreadDeps = {
  shared: Shared;
  /** Which rings are its own. */
  index: number;
  /** How deep its calls may go. */
  stackBytes: number;
  /** It can take its first call. */
  ready(): void;
  said(message: FromWorker): void;
  /** It ended, in any way; a task should hear this of it. */
  exited(error: WorkerCrashedError): void;
};

/** So many messages may wait for a worker that sleeps. */
const mostUnread = 64;
/** So many messages of it are taken in at once. */
const mostPerTurn = 64;
const weightPerWake = mostAhead / 4;

/** One worker thread, as its host sees it. It keeps the process alive only while it starts. */
export class WorkerThread {
  readonly index: number;
  readonly submissions: Submissions;
  readonly completions: Completions;
  readonly #thread: Worker;
  readonly #port: MessagePort;
  readonly #deps: WorkerThreadDeps;
  readonly #control: Int32Array;
  #threadId = -1;
  /** Messages that were posted to it since it was woken last. */
  #unreadCount = 0;
  #receivedCount = 0;
  /** What was handled of what it has sent since it was woken for that. */
  #quietWeight = 0;
  #isReady = false;
  #hasEnded = false;

  constructor(deps: WorkerThreadDeps) {
    this.#deps = deps;
    const { shared, index, stackBytes } = deps;
    this.index = index;
    this.submissions = new Submissions(shared.words, submissionsAt(index));
    this.completions = new Completions(shared.words, completionsAt(index));
    this.#control = shared.words.subarray(controlAt(index), controlAt(index) + controlWords);
    this.#control.fill(0);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#thread = new Worker(source, {
      eval: true,
      name: "wray-worker",
      workerData: { buffer: shared.buffer, index, port: port2 } satisfies WorkerData,
      transferList: [port2],
      // Without the options of this process: `--input-type`, `--inspect` and the like are not for a worker.
      execArgv: [],
      resourceLimits: { stackSizeMb: stackBytes / 1024 / 1024 },
    });
    this.#threadId = this.#thread.threadId;
    port1.on("message", (message: FromWorker) => {
      this.#receive(message);
      // More in the same turn, so that what comes of it goes out together; but others have theirs, too.
      this.readMail(mostPerTurn);
    });
    port1.unref();
    let crash: Error | undefined;
    this.#thread.on("error", (error) => {
      crash = error;
    });
    this.#thread.on("exit", () => {
      this.#hasEnded = true;
      this.readMail();
      port1.close();
      deps.exited(new WorkerCrashedError("the worker thread died", { cause: crash }));
    });
  }

  /** Also when it has ended. */
  get threadId(): number {
    return this.#threadId;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether it has to be woken to take a call. */
  get isAsleep(): boolean {
    return Atomics.load(this.#control, sleepsWord) === 1;
  }

  /** The slot of the call that it runs, or is about to take; -1 for none. */
  get running(): number {
    return Atomics.load(this.#control, runningWord) - 1;
  }

  /** Whether others have its cpu. */
  get isParked(): boolean {
    return this.#control[parkedWord] === 1;
  }

  set isParked(isParked: boolean) {
    Atomics.store(this.#control, parkedWord, Number(isParked));
    if (!isParked) this.wake();
  }

  /** It looks at it before the next call that it takes, or when it is woken. */
  post(message: ToWorker): void {
    this.#port.postMessage(message);
    Atomics.add(this.#control, mailWord, 1);
    // One that sleeps reads nothing, and what was posted to it may hold memory.
    if (++this.#unreadCount >= mostUnread) this.wake();
  }

  /** Takes in what the worker has posted before now, rather than when the event loop comes to it. */
  readMail(most = Number.POSITIVE_INFINITY): void {
    if (Atomics.load(this.#control, postedWord) === this.#receivedCount) return;
    for (let count = 0; count < most; count++) {
      const next = receiveMessageOnPort(this.#port);
      if (next === undefined) return;
      this.#receive(next.message as FromWorker);
    }
  }

  /** Has it look for what was pushed for it, should it sleep. It is woken once, however long it takes to be awake. */
  nudge(): void {
    const control = this.#control;
    if (Atomics.load(control, sleepsWord) === 1 && Atomics.exchange(control, sleepsWord, 0) === 1)
      this.wake();
  }

  wake(): void {
    this.#unreadCount = 0;
    Atomics.add(this.#control, wakeWord, 1);
    Atomics.notify(this.#control, wakeWord);
  }

  /** Tells the call of this ticket to end, if it is the one that runs. */
  stop(ticket: number): void {
    Atomics.store(this.#control, stopWord, ticket);
    this.wake();
  }

  /** One of the tasks that the running call has submitted has ended. */
  countEnded(): void {
    Atomics.add(this.#control, endedWord, 1);
  }

  /** What the running call has sent is handled; it may have waited with more. */
  countHandled(weight: number): void {
    Atomics.add(this.#control, handledWord, weight);
    this.#quietWeight += weight;
    // One that waits has sent several times as much; so it is not woken for each.
    if (this.#quietWeight < weightPerWake) return;
    this.#quietWeight = 0;
    this.wake();
  }

  async terminate(): Promise<void> {
    this.#hasEnded = true;
    await this.#thread.terminate();
  }

  #receive(message: FromWorker): void {
    this.#receivedCount = (this.#receivedCount + 1) | 0;
    if (message.kind !== "ready") {
      this.#deps.said(message);
    } else if (!this.#hasEnded) {
      this.#isReady = true;
      this.#thread.unref();
      this.#deps.ready();
    }
  }
}
