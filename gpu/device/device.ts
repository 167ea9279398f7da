import {
  fromWireError,
  type InfeasibleTaskError,
  ModuleRejectedError,
  ShutdownError,
  TaskTimeoutError,
  WorkerCrashedError,
} from "../../scheduler/protocol/errors.ts";
import { checkLength, type Program, programOf, type WireProgram } from "../../scheduler/wgsl/program.ts";
import type { Bytes, GpuTask } from "../programs/task.ts";
import { mostBytesPerMessage } from "../wire/byte-file.ts";
import type { Take } from "../wire/channel.ts";
import type {
  AdapterInfo,
  ChildSetup,
  FromChild,
  Id,
  MemoryUse,
  Operation,
  ToChild,
} from "../wire/messages.ts";
import { cutBatches } from "./batches.ts";
import type { GpuBuffer } from "./buffer.ts";
import { GpuChild } from "./child-process.ts";
import { checkBuffer, lowerTask } from "./lower-task.ts";
import { KnownPipelines } from "./pipelines.ts";
import { Watchdog } from "./watchdog.ts";

export type DeviceEvent =
  /** Its process died; all buffers are lost, and it starts again. */
  | { type: "died"; reason: string }
  /** It is there again, maybe on another adapter. */
  | { type: "restarted"; adapter: AdapterInfo }
  /** There is no adapter any more. It takes no more tasks. */
  | { type: "gone"; reason: string };

export type DeviceOptions = ChildSetup & { onEvent?: (event: DeviceEvent) => void };

export type RunOptions = {
  /** From when the device has done what was submitted before. */
  timeoutMs?: number;
};

export type Run = {
  /** At once; who uses them waits for the task, and hears of its error. */
  results: Record<string, GpuBuffer>;
  /** @throws what the task has failed with */
  done: Promise<void>;
};

type Task = { timeoutMs: number; pipelines: Id[]; resolve(): void; reject(error: Error): void };
type Read = {
  into: Uint8Array;
  missingBytes: number;
  resolve(bytes: Uint8Array): void;
  reject(error: Error): void;
};
type Request<T> = { resolve(value: T): void; reject(error: Error): void };
type Batch = { id: Id; tasks: Map<Id, Task> };

/** How long a buffer that is not needed waits for something to go along with. */
const freeAfterMs = 2;
/** So much is sent at once, so that the device begins while the program goes on to submit. */
const enoughOperations = 64;
/** A minute is more than anything should take that has no limit of its own. */
const defaultTimeoutMs = 60_000;
/** The process reads and compiles a shader that nobody has to trust. */
const mostCompileMs = 10_000;
/** A timer of more fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * A GPU, which is in a process of its own: what hangs or crashes there costs what was under way and the buffers, and the next
 * task works.
 */
export class GpuDevice implements AsyncDisposable {
  readonly #options: DeviceOptions;
  readonly #pipelines = new KnownPipelines();
  readonly #watchdog = new Watchdog<Batch>();
  readonly #tasks = new Map<Id, Task>();
  readonly #reads = new Map<Id, Read>();
  readonly #compiles = new Map<Id, Request<WireProgram>>();
  readonly #uses = new Map<Id, Request<MemoryUse>>();
  #adapter!: AdapterInfo;
  #child: GpuChild | undefined;
  #starting: Promise<void> | undefined;
  /** Of the last process. */
  #exited: Promise<void> | undefined;
  #life = 0;
  #nextId = 1;
  /** Why it takes no more tasks. */
  #end: Error | undefined;
  /** What was submitted since the last turn. */
  #messages: { message: ToChild; bytes?: Uint8Array }[] = [];
  #operations: Operation[] = [];
  #isFlushing = false;
  /** Sees to it that buffers are freed when nothing else is submitted. */
  #freeing: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer looks. */
  #lookMs = Number.POSITIVE_INFINITY;

  private constructor(options: DeviceOptions) {
    this.#options = options;
  }

  /** @throws InfeasibleTaskError when there is no adapter, with the reasons */
  static async open(options: DeviceOptions): Promise<GpuDevice> {
    const device = new GpuDevice(options);
    await device.#launch();
    return device;
  }

  get adapter(): AdapterInfo {
    return this.#adapter;
  }

  /** Of its process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * A program that the device has accepted. It may be given to any other device as well.
   * @param name what errors call it
   * @throws ModuleRejectedError with line, column and the text of the line
   */
  async compile(name: string, wgsl: string): Promise<Program> {
    this.#check();
    checkLength(name, wgsl);
    const id = this.#nextId++;
    const late = setInterval(() => {
      // It waits for what the device does, which has a time of its own.
      if (this.#watchdog.due !== undefined) return;
      this.#compiles.get(id)?.reject(tooSlow(name));
      this.#compiles.delete(id);
      this.#child?.kill("a shader took too long to compile");
    }, mostCompileMs);
    late.unref();
    try {
      return programOf(await this.#ask(this.#compiles, { kind: "compile", id, name, wgsl }));
    } finally {
      clearInterval(late);
    }
  }

  /**
   * Submits a task; tasks are done in this order. The bytes that it is given must stay as they are until it is done.
   * @throws InvalidTaskError that names the binding; ObjectLostError
   */
  run(task: GpuTask, { timeoutMs = defaultTimeoutMs }: RunOptions = {}): Run {
    this.#check();
    const { operation, written, results } = lowerTask(task, {
      life: this.#life,
      limits: this.#adapter.limits,
      nextId: this.#newId,
      pipelineOf: this.#pipelineOf,
    });
    for (const { buffer, bytes } of written) this.#put(buffer, bytes);
    const id = this.#nextId++;
    const pipelines = operation.steps.map(([pipeline]) => pipeline);
    const done = new Promise<void>((resolve, reject) => {
      this.#tasks.set(id, { timeoutMs, pipelines, resolve, reject });
    });
    // Who reads a result hears it, too.
    done.catch(() => {});
    this.#submit({ ...operation, id });
    return { results, done };
  }

  /** Puts bytes on the device. They must stay as they are until something that uses the buffer is done. */
  write(bytes: Bytes): GpuBuffer {
    this.#check();
    const { results } = lowerTask(
      { buffers: { bytes: { byteLength: bytes.byteLength } }, steps: [], results: ["bytes"] },
      { life: this.#life, limits: this.#adapter.limits, nextId: this.#newId, pipelineOf: this.#pipelineOf },
    );
    const buffer = results.bytes!;
    this.#put(buffer.id, bytes);
    this.#flushSoon();
    return buffer;
  }

  /**
   * The bytes of a buffer.
   * @param into where they are put; as long as the buffer
   * @throws the error of the task that should have made it; ObjectLostError, WorkerCrashedError
   */
  async read(buffer: GpuBuffer, into: Uint8Array = new Uint8Array(buffer.byteLength)): Promise<Uint8Array> {
    this.#check();
    checkBuffer("the buffer", buffer, this.#life);
    if (buffer.byteLength === 0) return into;
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#reads.set(id, { into, missingBytes: buffer.byteLength, resolve, reject });
      this.#submit({ kind: "read", id, buffer: buffer.id, byteLength: buffer.byteLength });
    });
  }

  /** Whether a buffer is there: its process lives, and it was not freed. */
  has(buffer: GpuBuffer): boolean {
    return !buffer.isFreed && buffer.life === this.#life && this.#end === undefined;
  }

  /** Lets a buffer go, once all that was submitted with it is done. */
  free(buffer: GpuBuffer): void {
    if (buffer.isFreed || buffer.life !== this.#life || this.#end !== undefined) return;
    buffer.isFreed = true;
    this.#operations.push({ kind: "free", buffer: buffer.id });
    // It goes with whatever comes next: alone, it would be work for the process, and keep that from what comes.
    this.#freeing ??= setTimeout(() => {
      this.#freeing = undefined;
      this.#flushSoon();
    }, freeAfterMs).unref();
  }

  /**
   * Moves buffers to host memory, the longest unused first, until so many bytes are free; they come back when they are used.
   * The device does so itself when it needs room.
   * @param byteLength by default only tells how it stands
   */
  async spill(byteLength = 0): Promise<MemoryUse> {
    this.#check();
    return this.#ask(this.#uses, { kind: "spill", id: this.#nextId++, byteLength });
  }

  /** Ends its process. What is under way fails with ShutdownError. */
  async close(): Promise<void> {
    this.#finish(new ShutdownError("the GPU was closed"));
    this.#child?.kill("the GPU was closed");
    await this.#starting;
    await this.#exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #newId = (): Id => this.#nextId++;
  readonly #pipelineOf: Parameters<typeof lowerTask>[1]["pipelineOf"] = (...args) =>
    this.#pipelines.idOf(...args);

  #check(): void {
    if (this.#end !== undefined) throw this.#end;
  }

  #ask<T>(requests: Map<Id, Request<T>>, message: ToChild & { id: Id }): Promise<T> {
    return new Promise((resolve, reject) => {
      requests.set(message.id, { resolve, reject });
      this.#messages.push({ message });
      this.#flushSoon();
    });
  }

  #put(buffer: Id, bytes: Bytes): void {
    const { byteLength } = bytes;
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, byteLength);
    let from = 0;
    do {
      const part = plain.subarray(from, from + mostBytesPerMessage);
      this.#messages.push({ message: { kind: "write", buffer, byteLength, from }, bytes: part });
      from += mostBytesPerMessage;
    } while (from < byteLength);
  }

  #submit(operation: Operation): void {
    this.#operations.push(operation);
    if (this.#operations.length < enoughOperations || this.#child === undefined) {
      this.#flushSoon();
      return;
    }
    this.#flush(this.#child);
    this.#child.flush();
  }

  /** What is submitted in one turn goes together, unless it is much. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      if (this.#child !== undefined) this.#flush(this.#child);
    });
  }

  #flush(child: GpuChild): void {
    const [messages, operations] = [this.#messages, this.#operations];
    this.#messages = [];
    this.#operations = [];
    for (const { message, bytes } of messages) void child.send(message, bytes);
    for (const batch of cutBatches(operations, this.#pipelines.isProven)) this.#sendBatch(child, batch);
    for (const message of this.#pipelines.prune()) void child.send(message);
    if (this.#isBusy) child.ref();
  }

  #sendBatch(child: GpuChild, operations: Operation[]): void {
    const tasks = new Map<Id, Task>();
    let limitMs = defaultTimeoutMs;
    for (const operation of operations) {
      if (operation.kind !== "task") continue;
      const task = this.#tasks.get(operation.id)!;
      tasks.set(operation.id, task);
      limitMs = tasks.size === 1 ? task.timeoutMs : Math.min(limitMs, task.timeoutMs);
      for (const id of task.pipelines) {
        for (const message of this.#pipelines.introduce(id)) void child.send(message);
      }
    }
    const id = this.#nextId++;
    this.#watchdog.sent(id, { id, tasks }, limitMs, performance.now());
    void child.send({ kind: "batch", id, operations });
    this.#watch();
  }

  get #isBusy(): boolean {
    return this.#watchdog.due !== undefined || this.#reads.size + this.#compiles.size + this.#uses.size > 0;
  }

  /** Sees to it that somebody looks when the batch that runs is past its time. */
  #watch(): void {
    const { due } = this.#watchdog;
    // One that looks too early looks again.
    if (due === undefined || due.dueMs >= this.#lookMs) return;
    clearTimeout(this.#timer);
    this.#lookMs = due.dueMs;
    const delayMs = Math.min(longestTimerMs, Math.max(1, Math.ceil(due.dueMs - performance.now())));
    this.#timer = setTimeout(() => {
      this.#lookMs = Number.POSITIVE_INFINITY;
      const now = this.#watchdog.due;
      if (now !== undefined && now.dueMs <= performance.now()) this.#hangs(now.batch, now.startMs);
      else this.#watch();
    }, delayMs);
    this.#timer.unref();
  }

  /** Only its end helps. Those of the batch that are past their own time are to blame, as far as that can be told. */
  #hangs({ tasks }: Batch, startMs: number): void {
    const ranMs = performance.now() - startMs;
    for (const [id, task] of tasks) {
      for (const pipeline of task.pipelines) this.#pipelines.doubt(pipeline);
      if (task.timeoutMs > ranMs) continue;
      this.#tasks.delete(id);
      task.reject(
        new TaskTimeoutError(`the GPU had not done the task after its ${task.timeoutMs} ms`, {
          data: { timeoutMs: task.timeoutMs, tasksAtOnce: tasks.size },
        }),
      );
    }
    this.#child?.kill("a task was past its time");
  }

  #receive(message: FromChild, take: Take): void {
    switch (message.kind) {
      case "part": {
        const read = this.#reads.get(message.read)!;
        const length = Math.min(mostBytesPerMessage, read.missingBytes);
        take(read.into.subarray(message.from, message.from + length));
        read.missingBytes -= length;
        if (read.missingBytes > 0) return;
        this.#reads.delete(message.read);
        read.resolve(read.into);
        break;
      }
      case "unread":
        this.#reads.get(message.read)?.reject(fromWireError(message.error));
        this.#reads.delete(message.read);
        break;
      case "done":
        this.#done(message);
        break;
      case "compiled": {
        const request = this.#compiles.get(message.id);
        this.#compiles.delete(message.id);
        if (message.program !== undefined) request?.resolve(message.program);
        else request?.reject(fromWireError(message.error!));
        break;
      }
      case "spilled":
        this.#uses.get(message.id)?.resolve(message.use);
        this.#uses.delete(message.id);
        break;
      default:
        return;
    }
    if (!this.#isBusy) this.#child?.unref();
  }

  #done({ id, errors }: FromChild & { kind: "done" }): void {
    const batch = this.#watchdog.done(id, performance.now());
    this.#watch();
    const failed = new Map(errors);
    for (const [taskId, task] of batch?.tasks ?? []) {
      this.#tasks.delete(taskId);
      const error = failed.get(taskId);
      if (error !== undefined) {
        task.reject(fromWireError(error));
        continue;
      }
      for (const pipeline of task.pipelines) this.#pipelines.prove(pipeline);
      task.resolve();
    }
  }

  /** The process is no more. */
  #died(reason: string): void {
    const error = new WorkerCrashedError(`the process of the GPU died: ${reason}`, { data: { reason } });
    this.#child = undefined;
    this.#life++;
    this.#pipelines.forgetSent();
    this.#failAll(error);
    if (this.#end !== undefined) return;
    this.#options.onEvent?.({ type: "died", reason });
    this.#starting = this.#restart().finally(() => {
      this.#starting = undefined;
    });
  }

  async #launch(): Promise<void> {
    const { child, adapter } = await GpuChild.start(this.#options, {
      receive: (message, take) => this.#receive(message, take),
      ended: (reason) => this.#died(reason),
    });
    this.#exited = child.exited;
    this.#child = child;
    this.#adapter = adapter;
  }

  async #restart(): Promise<void> {
    await this.#exited;
    try {
      await this.#launch();
    } catch (error) {
      if (this.#end !== undefined) return;
      this.#finish(error as InfeasibleTaskError);
      this.#options.onEvent?.({ type: "gone", reason: (error as Error).message });
      return;
    }
    if (this.#end !== undefined) return this.#child?.kill("the GPU was closed");
    this.#options.onEvent?.({ type: "restarted", adapter: this.#adapter });
    if (this.#child !== undefined) this.#flush(this.#child);
  }

  #finish(error: Error): void {
    this.#end ??= error;
    this.#failAll(error);
  }

  #failAll(error: Error): void {
    clearTimeout(this.#timer);
    this.#lookMs = Number.POSITIVE_INFINITY;
    this.#watchdog.clear();
    this.#messages = [];
    this.#operations = [];
    for (const requests of [this.#tasks, this.#reads, this.#compiles, this.#uses]) {
      for (const request of requests.values()) request.reject(error);
      requests.clear();
    }
  }
}

const tooSlow = (name: string) =>
  new ModuleRejectedError(`${name} takes longer to compile than ${mostCompileMs} ms`, {
    remedy: "Make it smaller.",
    data: { program: name, mostCompileMs },
  });
