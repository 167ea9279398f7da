import { withDependant } from "../../scheduler/dataflow/dependants.ts";
import { backoffMs, isRetried, type RetryErrors } from "../../scheduler/dataflow/retries.ts";
import { checkArgBytes } from "../../scheduler/manifest/check-limits.ts";
import { InfeasibleTaskError, WrayError } from "../../scheduler/protocol/errors.ts";
import type { Limits } from "../../scheduler/protocol/limits.ts";
import { inlineBytes } from "../../scheduler/protocol/messages.ts";
import { DeviceValue } from "../gpu/device-value.ts";
import type { GpuKernel, GpuResult, GpuRun } from "../gpu/gpu-kernel.ts";
import { type GpuArg, HeldObject } from "../gpu/held-arg.ts";
import type { LoadedModule } from "../modules.ts";
import type { StoredObject } from "../objects/stored-object.ts";
import type { LocalBackend } from "./local-backend.ts";
import { LocalObject } from "./local-object.ts";
import type { LocalArg } from "./local-task.ts";

export type GpuTaskFacts = {
  module: LoadedModule;
  kernel: string;
  /** `module/function` */
  label: string;
  limits: Limits;
  maxRetries: number;
  retryErrors?: RetryErrors | undefined;
};

/**
 * A task of an embedded host's client that runs on the GPU. It is given to the device as soon as what it takes is known
 * there, though that is not done yet: a chain of such tasks waits for nothing but the device.
 */
export class LocalGpuTask {
  readonly result: LocalObject;
  readonly facts: GpuTaskFacts;
  readonly args: readonly LocalArg[];
  readonly #backend: LocalBackend;
  #stored: StoredObject | undefined;
  /** Whether its result is wanted in memory; and a small one, on its way there. */
  #isWanted = false;
  #bytes: Promise<Uint8Array> | undefined;
  #missingCount = 0;
  #retryCount = 0;
  /** How long the device took for it, in ms, once it has ended. */
  ranMs = 0;
  /** Submits the same to be run otherwise, where that is possible. */
  otherwise: (() => LocalObject) | undefined;
  /** Those that take its result, and wait for it to be submitted. */
  #followers: (() => void)[] = [];

  constructor(backend: LocalBackend, facts: GpuTaskFacts, result: LocalObject, args: readonly LocalArg[]) {
    this.#backend = backend;
    this.facts = facts;
    this.result = result;
    this.args = args;
    result.task = this;
    for (const arg of args) if (arg instanceof LocalObject) arg.use();
    backend.gpuTasks.add(this);
  }

  start(): void {
    this.#missingCount = 1;
    for (const arg of this.args) {
      if (!(arg instanceof LocalObject) || isKnown(arg)) continue;
      this.#missingCount++;
      if (arg.task instanceof LocalGpuTask) arg.task.#followers.push(this.#oneMore);
      else arg.whenReady({ ready: this.#oneMore });
    }
    this.#oneMore();
  }

  cancel(error: Error = this.#backend.cancelled(this.result, this.facts.label)): void {
    this.#backend.fail(this, error);
  }

  /** Ends it with an error; what the device does for it, nobody wants to know. */
  fail(error: Error): void {
    if (this.result.isReady) return;
    this.#end();
    this.result.settle({ kind: "failed", error });
    this.#tellFollowers();
  }

  /** Its result is asked for together with the task, and not when that is done. */
  want(): void {
    this.#isWanted = true;
    this.#bring();
  }

  /** A small one into memory of its own, others into shared memory. Why that fails, the task tells, or who takes it. */
  #bring(): void {
    const value = this.#stored?.copy;
    if (!(value instanceof DeviceValue)) return;
    if (value.byteLength > inlineBytes) this.#stored!.restore().catch(() => {});
    else this.#bytes ??= value.encoded();
    this.#bytes?.catch(() => {});
  }

  readonly #oneMore = (): void => {
    if (--this.#missingCount > 0 || this.result.isReady) return;
    void this.#submit().catch((error) => this.#failed(error));
  };

  async #submit(): Promise<void> {
    const { module, kernel: name, limits, label } = this.facts;
    const { gpu } = this.#backend;
    // At once, if it can be: what takes the result follows in the same turn.
    const kernel = gpu.loaded(module.sha256, name) ?? (await gpu.kernel(module, name));
    const held: HeldObject[] = [];
    try {
      const args: GpuArg[] = [];
      for (const [index, arg] of this.args.entries()) {
        const given = this.#given(arg, kernel.staysOnDevice(index));
        const got = given instanceof Promise ? await given : given;
        if (got instanceof HeldObject) held.push(got);
        args.push(got);
      }
      const sizes = args.map((arg) => (arg instanceof HeldObject ? arg.object : arg));
      checkArgBytes(label, sizes, limits.maxArgumentBytes);
      if (!this.result.isReady) {
        this.#run(kernel, args, held);
        return;
      }
    } catch (error) {
      for (const each of held) each.release();
      throw error;
    }
    for (const each of held) each.release();
  }

  #run(kernel: GpuKernel, args: readonly GpuArg[], held: HeldObject[]): void {
    const run: GpuRun = kernel.run(args, this.facts.limits);
    const { value } = run;
    if (value !== undefined)
      this.#stored = this.#backend.store.keepCopy(value, {
        owner: this.#backend.id,
        label: `result of ${this.facts.label}`,
      });
    const stored = this.#stored;
    void this.#await(run, stored).finally(() => {
      for (const each of held) each.release();
    });
    if (stored === undefined) return;
    if (this.#isWanted) this.#bring();
    this.#tellFollowers();
  }

  async #await({ ended }: GpuRun, stored: StoredObject | undefined): Promise<void> {
    try {
      const { result, ranMs } = await ended;
      this.ranMs = ranMs;
      this.#ended((await this.#bytes) ?? result, stored);
    } catch (error) {
      stored?.free();
      this.#failed(error);
    }
  }

  /** What it is given; a promise for what has to be brought here first. */
  #given(arg: LocalArg, mayStay: boolean): GpuArg | Promise<HeldObject> {
    if (!(arg instanceof LocalObject)) return arg;
    const { content } = arg;
    switch (content.kind) {
      case "number":
        return content.value;
      case "bytes":
        return content.encoded;
      case "failed":
        throw content.error;
      default: {
        const object = content.kind === "stored" ? content.object : storedOf(arg)!;
        return HeldObject.holdNow(object, mayStay) ?? HeldObject.hold(object, mayStay);
      }
    }
  }

  #ended(result: GpuResult, stored: StoredObject | undefined): void {
    if (this.result.isReady) {
      stored?.free();
      return;
    }
    this.#end();
    this.#backend.tasksRun++;
    if (result instanceof DeviceValue) {
      this.#backend.settleStored(this.result, stored!);
    } else {
      stored?.free();
      if (typeof result === "number") this.result.settle({ kind: "number", value: result });
      else if (result.byteLength <= inlineBytes) this.result.settle({ kind: "bytes", encoded: result });
      else this.#backend.settleCopy(this.result, result, `result of ${this.facts.label}`);
    }
    this.#tellFollowers();
  }

  #failed(error: unknown): void {
    this.#stored = this.#bytes = undefined;
    if (this.result.isReady) return;
    const failure = error as Error;
    if (failure instanceof InfeasibleTaskError && this.otherwise !== undefined) {
      // The GPU is gone.
      this.result.becomes(this.otherwise());
      this.#end();
      this.#tellFollowers();
      return;
    }
    if (failure instanceof WrayError && this.#mayRetry(failure.code)) {
      this.#backend.retriedCount++;
      setTimeout(() => this.start(), backoffMs(this.#retryCount, Math.random()));
      return;
    }
    // One that was submitted after what it takes fails with the error of that.
    const cause = this.args.find((arg) => arg instanceof LocalObject && arg.content.kind === "failed");
    this.#backend.fail(this, cause === undefined ? failure : withDependant(failure, this.facts.label));
  }

  #mayRetry(code: string): boolean {
    const { retryErrors, maxRetries } = this.facts;
    if (code !== "WORKER_CRASHED" && !isRetried(retryErrors, code)) return false;
    return this.#retryCount++ < maxRetries;
  }

  #tellFollowers(): void {
    const followers = this.#followers;
    this.#followers = [];
    for (const follower of followers) follower();
  }

  #end(): void {
    this.#stored = undefined;
    this.#backend.gpuTasks.delete(this);
    for (const arg of this.args) if (arg instanceof LocalObject) arg.unuse();
  }

  /** Its result on the device, from when it is submitted until it has ended. */
  get stored(): StoredObject | undefined {
    return this.#stored;
  }
}

/** What an object that is not ready will be on the device, if the task that makes it was submitted there. */
export const storedOf = ({ task }: LocalObject): StoredObject | undefined =>
  task instanceof LocalGpuTask ? task.stored : undefined;

/** Whether it is ready, or will be on the device when that has done what it was given. */
const isKnown = (object: LocalObject) => object.isReady || storedOf(object) !== undefined;
