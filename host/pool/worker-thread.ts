import source from "worker:../worker/main.ts";
import { Worker } from "node:worker_threads";
import type { OpenModule } from "../../scheduler/manifest/read.ts";
import { toWireError, WorkerCrashedError } from "../../scheduler/protocol/errors.ts";
import type { FromWorker, ToWorker, WorkerCall, WorkerResult } from "../worker/messages.ts";

/** One worker thread. It keeps the process alive only while it starts or runs a call. */
export class WorkerThread {
  readonly #thread: Worker;
  readonly #known = new Set<string>();
  #finish: ((result: WorkerResult | undefined) => void) | undefined;
  #hasEnded = false;

  /**
   * @param onReady is called once, when it can take its first call
   * @param onLog gets what tasks write
   * @param onExit is called when the thread ends in any way, with what a task should hear of it
   */
  constructor(
    onReady: () => void,
    onLog: (taskId: string, text: string) => void,
    onExit: (error: WorkerCrashedError) => void,
  ) {
    let crash: Error | undefined;
    // Without the options of this process: `--input-type`, `--inspect` and the like are not for a worker.
    this.#thread = new Worker(source, { eval: true, execArgv: [], name: "wray-worker" });
    this.#thread.on("message", (message: FromWorker) => {
      switch (message.kind) {
        case "ready":
          // It may still come after `terminate`, for which the process has to stay.
          if (this.#hasEnded) return;
          this.#thread.unref();
          onReady();
          return;
        case "log":
          onLog(message.taskId, message.text);
          return;
        case "result":
          this.#settle(message.result);
      }
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
   * that was terminated without any.
   */
  run(module: OpenModule, call: WorkerCall): Promise<WorkerResult | undefined> {
    if (!this.#known.has(module.sha256)) {
      this.#known.add(module.sha256);
      const { sha256, wasm, manifest } = module;
      this.#post({ kind: "module", module: { sha256, wasm, manifest } });
    }
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#thread.ref();
      this.#post({ kind: "call", call });
    });
  }

  /** Stops the thread wherever it is; a running call ends with `result`. */
  async terminate(result?: WorkerResult): Promise<void> {
    this.#hasEnded = true;
    this.#settle(result);
    this.#thread.ref();
    await this.#thread.terminate();
  }

  #post(message: ToWorker): void {
    this.#thread.postMessage(message);
  }

  #settle(result: WorkerResult | undefined): void {
    const finish = this.#finish;
    this.#finish = undefined;
    if (!this.#hasEnded) this.#thread.unref();
    finish?.(result);
  }
}
