import source from "worker:../worker/main.ts";
import { Worker } from "node:worker_threads";
import { toWireError, type WireError, WorkerCrashedError } from "../../scheduler/protocol/errors.ts";
import type { LoadedModule } from "../modules.ts";
import { controlBytes, endedWord, handledWord, stopWord, wakeWord } from "../worker/control.ts";
import type {
  FromWorker,
  NestedReply,
  NestedRequest,
  ToWorker,
  WorkerCall,
  WorkerResult,
} from "../worker/messages.ts";
import { weightOf } from "../worker/outbox.ts";

/** How long a call may take to notice that it is to end, before its whole thread is ended. */
const backstopMs = 20;

/** Who hears of what a call says while it runs. */
export type CallListener = {
  log(text: string): void;
  progress(fraction: number, text: string): void;
  nested(request: NestedRequest): void;
};

/** One worker thread. It keeps the process alive only while it starts or runs a call. */
export class WorkerThread {
  readonly #thread: Worker;
  readonly #control = new Int32Array(new SharedArrayBuffer(controlBytes));
  readonly #known = new Set<string>();
  readonly #threadId: number;
  #number = 0;
  #listener: CallListener | undefined;
  #finish: ((result: WorkerResult | undefined) => void) | undefined;
  #backstop: NodeJS.Timeout | undefined;
  /** Why the call was told to end, if it was; null when nobody wants to know. */
  #stopError: WireError | null | undefined;
  #hasEnded = false;

  /**
   * @param stackBytes how deep its calls may go
   * @param onReady is called once, when it can take its first call
   * @param onExit is called when the thread ends in any way, with what a task should hear of it
   */
  constructor(stackBytes: number, onReady: () => void, onExit: (error: WorkerCrashedError) => void) {
    let crash: Error | undefined;
    this.#thread = new Worker(source, {
      eval: true,
      name: "wray-worker",
      workerData: this.#control.buffer,
      // Without the options of this process: `--input-type`, `--inspect` and the like are not for a worker.
      execArgv: [],
      resourceLimits: { stackSizeMb: stackBytes / 1024 / 1024 },
    });
    this.#threadId = this.#thread.threadId;
    this.#thread.on("message", (message: FromWorker) => {
      switch (message.kind) {
        case "ready":
          // It may still come after `terminate`, for which the process has to stay.
          if (this.#hasEnded) return;
          this.#thread.unref();
          onReady();
          return;
        case "result":
          this.#settle(this.#resultOf(message.result));
          return;
        case "log":
          this.#listener?.log(message.text);
          break;
        case "progress":
          this.#listener?.progress(message.fraction, message.text);
          break;
        default:
          this.#listener?.nested(message);
      }
      // Until then it may have to wait before it sends more.
      Atomics.add(this.#control, handledWord, weightOf(message));
      this.#wake();
    });
    this.#thread.on("error", (error) => {
      crash = error;
    });
    this.#thread.on("exit", () => {
      this.#hasEnded = true;
      const error = new WorkerCrashedError("the worker thread died", { cause: crash });
      this.#settle({ error: toWireError(error) });
      onExit(error);
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Runs a call; the worker must be idle. Never rejects: a thread that dies is a result, too, and undefined is one
   * that was stopped without any.
   */
  run(module: LoadedModule, call: WorkerCall, listener: CallListener): Promise<WorkerResult | undefined> {
    if (!this.#known.has(module.sha256)) {
      this.#known.add(module.sha256);
      const { sha256, wasm, manifest, memory, globals, isReusable } = module;
      this.#post({ kind: "module", module: { sha256, wasm, manifest, memory, globals, isReusable } });
    }
    this.#listener = listener;
    this.#stopError = undefined;
    Atomics.store(this.#control, endedWord, 0);
    Atomics.store(this.#control, handledWord, 0);
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#thread.ref();
      this.#post({ kind: "call", number: ++this.#number, call });
    });
  }

  /**
   * Tells the running call to end. One that has checks in its code notices within about a millisecond, and the thread
   * lives on; else the thread is ended.
   * @param error what the call ends with, unless it is done already; none when nobody wants to know
   */
  stop(error: WireError | undefined): void {
    if (this.#finish === undefined || this.#stopError !== undefined) return;
    this.#stopError = error ?? null;
    Atomics.store(this.#control, stopWord, this.#number);
    this.#wake();
    this.#backstop = setTimeout(
      () => void this.terminate(error === undefined ? undefined : { error }),
      backstopMs,
    );
  }

  /** Ends the wait of the running call. */
  reply(message: NestedReply): void {
    this.#post(message);
    this.#wake();
  }

  /** One of the tasks that the running call has submitted has ended. */
  countEnded(): void {
    Atomics.add(this.#control, endedWord, 1);
  }

  /** Stops the thread wherever it is; a running call ends with `result`. */
  async terminate(result?: WorkerResult): Promise<void> {
    this.#hasEnded = true;
    this.#settle(result);
    this.#thread.ref();
    await this.#thread.terminate();
  }

  #wake(): void {
    Atomics.add(this.#control, wakeWord, 1);
    Atomics.notify(this.#control, wakeWord);
  }

  #post(message: ToWorker): void {
    this.#thread.postMessage(message);
  }

  /** A call that was told to end ends with the reason, and not with having been told. */
  #resultOf(result: WorkerResult): WorkerResult | undefined {
    if (this.#stopError === undefined) return result;
    if (this.#stopError === null) return undefined;
    return "error" in result && result.error.code === "TASK_CANCELLED" ? { error: this.#stopError } : result;
  }

  #settle(result: WorkerResult | undefined): void {
    clearTimeout(this.#backstop);
    const finish = this.#finish;
    this.#finish = undefined;
    this.#listener = undefined;
    if (!this.#hasEnded) this.#thread.unref();
    finish?.(result && "error" in result ? { error: this.#withThread(result.error) } : result);
  }

  /** So it can be told whether a thread has outlived what was done to it. */
  #withThread(error: WireError): WireError {
    return { ...error, data: { ...error.data, thread: this.#threadId } };
  }
}
