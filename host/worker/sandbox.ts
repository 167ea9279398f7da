import { checkArg, checkArgCount, checkGaps, findActor, findKernel } from "../../scheduler/manifest/check.ts";
import {
  LimitExceededError,
  ModuleRejectedError,
  OutOfMemoryError,
  WrayError,
} from "../../scheduler/protocol/errors.ts";
import type { Limits } from "../../scheduler/protocol/limits.ts";
import {
  type ActorSignature,
  isScalarType,
  type KernelSignature,
} from "../../scheduler/protocol/manifest.ts";
import { decodeValue, encodeValue } from "../../scheduler/protocol/value.ts";
import type { HostFunctions } from "./host-functions.ts";
import { Instance, pageBytes } from "./instance.ts";
import type { KeptInstances } from "./kept-instances.ts";
import type { WorkerCall, WorkerModule } from "./messages.ts";
import { taskError } from "./trap.ts";
import { lift, lowerAll } from "./values.ts";

/** Arguments up to this fit into what a module has anyway. */
const smallBytes = 16 * 1024;

/**
 * One module, which runs one task at a time and forgets each: a task finds the memory, the globals and the tables of
 * a new instance.
 */
export class Sandbox {
  /** As messages name it. */
  readonly name: string;
  readonly #module: WorkerModule;
  readonly #host: HostFunctions;
  readonly #kept: KeptInstances;

  constructor(module: WorkerModule, host: HostFunctions, kept: KeptInstances) {
    this.name = module.manifest.module;
    this.#module = module;
    this.#host = host;
    this.#kept = kept;
  }

  /**
   * Runs a kernel with encoded values that may not fit its parameters, and returns its result, encoded.
   * @throws InvalidTaskError, KernelNotFoundError, TaskError, TaskTimeoutError, OutOfMemoryError, StackOverflowError,
   * LimitExceededError, ModuleRejectedError
   */
  run(call: WorkerCall, encoded: Uint8Array[]): Uint8Array<ArrayBuffer> {
    const { kernel, limits } = call;
    const name = `${this.name}/${kernel}`;
    const signature = findKernel(this.#module.manifest, kernel);
    const args = this.#checked(name, signature, encoded);
    const argBytes = encoded.reduce((sum, { byteLength }) => sum + byteLength, 0);

    let instance: Instance | undefined;
    let isStateless = false;
    try {
      instance = this.#take(name, this.#pagesFor(signature, argBytes), maximumPagesOf(limits));
      isStateless = instance.kernel(kernel).isStateless;
      return this.#call(instance, name, kernel, signature, args, limits);
    } catch (error) {
      throw this.failure(call, instance, error);
    } finally {
      if (instance !== undefined) this.putBack(instance, isStateless);
    }
  }

  /**
   * The same of an exported function that need not be a kernel, in an instance that stays as it leaves it.
   * @param name for messages
   */
  invoke(
    call: WorkerCall,
    instance: Instance,
    name: string,
    exported: string,
    signature: KernelSignature,
    encoded: Uint8Array[],
  ): Uint8Array<ArrayBuffer> {
    const args = this.#checked(name, signature, encoded);
    try {
      return this.#call(instance, name, exported, signature, args, call.limits);
    } catch (error) {
      throw this.failure(call, instance, error);
    }
  }

  #checked(name: string, signature: KernelSignature, encoded: Uint8Array[]): unknown[] {
    const args = encoded.map((arg) => decodeValue(arg));
    checkArgCount(name, signature, args.length);
    checkGaps(name, signature, args);
    for (const [index, arg] of args.entries())
      checkArg(name, signature, index, arg, this.#module.manifest.classes);
    return args;
  }

  #call(
    instance: Instance,
    name: string,
    exported: string,
    signature: KernelSignature,
    args: unknown[],
    { maxResultBytes }: Limits,
  ): Uint8Array<ArrayBuffer> {
    const { manifest } = this.#module;
    const { runtime } = instance;
    const { run, setArgumentsLength } = instance.kernel(exported);
    const given = args.findLastIndex((arg) => arg !== undefined) + 1;
    const types = signature.params.map(({ type }) => type);
    const raw = lowerAll(runtime, manifest, types, args.slice(0, given));
    setArgumentsLength?.(given);
    const value = encodeValue(lift(runtime, manifest, signature.returns, run(...raw), maxResultBytes));
    if (value.byteLength <= maxResultBytes) return value;
    throw new LimitExceededError(`${name} returned more than its ${maxResultBytes} bytes`, {
      remedy: "Return less, or raise maxResultBytes.",
      data: { kernel: name, limit: "maxResultBytes", maxResultBytes },
    });
  }

  /** What the manifest says of an actor class. @throws KernelNotFoundError */
  actor(name: string): ActorSignature {
    return findActor(this.#module.manifest, name);
  }

  /** An instance for the state of an actor. It is to be put back. @throws as `run` does */
  takeForState({ kernel, limits }: WorkerCall): Instance {
    const name = `${this.name}/${kernel}`;
    const pages = this.#module.memory?.initialPages ?? 0;
    const instance = this.#take(name, pages, maximumPagesOf(limits));
    if (instance.isReusable) return instance;
    throw new ModuleRejectedError(`${name}: what an actor has changed of the module can't be told`, {
      remedy:
        "Let the module not log, draw or read the clock while it starts, nor change tables or drop segments.",
    });
  }

  /** What the manifest says of a kernel, if it has it. */
  signature(kernel: string): KernelSignature | undefined {
    return this.#module.manifest.kernels.find(({ name }) => name === kernel);
  }

  /** By which the instances of calls with numbers only are kept. */
  keyFor({ limits }: WorkerCall): string {
    return this.#key(this.#module.memory?.initialPages ?? 0, maximumPagesOf(limits));
  }

  /** The instance of this key, when one is kept. It is to be put back. */
  takeKept(key: string): Instance | undefined {
    return this.#kept.take(key);
  }

  /** An instance for a call with numbers only. It is to be put back. @throws as `run` does */
  takeFor({ kernel, limits }: WorkerCall): Instance {
    return this.#take(
      `${this.name}/${kernel}`,
      this.#module.memory?.initialPages ?? 0,
      maximumPagesOf(limits),
    );
  }

  /**
   * Ends a task's use of an instance, however it ended.
   * @param isStateless whether what was called leaves it as it was
   */
  putBack(instance: Instance, isStateless: boolean): void {
    if (isStateless || instance.reset()) this.#kept.keep(instance);
    else this.#kept.drop(instance);
  }

  /** The error that a task ends with by what was thrown while it ran. */
  failure({ kernel, limits }: WorkerCall, instance: Instance | undefined, error: unknown): WrayError {
    if (this.#host.stopped !== undefined) return this.#host.stopped;
    if (error instanceof WrayError) return error;
    const name = `${this.name}/${kernel}`;
    if (instance?.isOutOfMemory) return outOfMemory(name, limits.memoryBytes, error);
    return taskError(name, error);
  }

  #key(initialPages: number, maximumPages: number): string {
    return `${this.#module.sha256} ${initialPages}/${maximumPages}`;
  }

  /**
   * How many pages an instance begins with. It follows from the call alone, so that a task finds the same on every
   * host: what the module asks for, and room for larger arguments and for a result of their size. So most tasks need
   * not grow, which costs the instance.
   */
  #pagesFor({ returns }: KernelSignature, argBytes: number): number {
    const { initialPages = 0 } = this.#module.memory ?? {};
    if (argBytes <= smallBytes) return initialPages;
    const hasLargeResult = returns !== "void" && !isScalarType(returns);
    return initialPages + roundedPages((hasLargeResult ? 2 : 1) * argBytes);
  }

  /** An instance that no task has used, or that cannot be told from one. */
  #take(name: string, initialPages: number, maximumPages: number): Instance {
    const key = this.#key(initialPages, maximumPages);
    const kept = this.#kept.take(key);
    if (kept !== undefined) return kept;
    if (initialPages > maximumPages) throw outOfMemory(name, maximumPages * pageBytes, undefined);
    try {
      return new Instance(key, this.#module, this.#host, initialPages, maximumPages);
    } catch (error) {
      if (error instanceof WebAssembly.LinkError || error instanceof TypeError) {
        throw new ModuleRejectedError(`${name}: the module can't be started: ${error.message}`, {
          cause: error,
        });
      }
      throw error;
    }
  }
}

const maximumPagesOf = ({ memoryBytes }: Limits) => Math.floor(memoryBytes / pageBytes);

/** Pages for so many bytes, at most a quarter more: so calls with arguments of about one size share an instance. */
function roundedPages(bytes: number): number {
  const pages = Math.ceil(bytes / pageBytes);
  const step = 2 ** Math.max(0, Math.floor(Math.log2(pages)) - 2);
  return Math.ceil(pages / step) * step;
}

const outOfMemory = (name: string, memoryBytes: number, cause: unknown) =>
  new OutOfMemoryError(`${name} needs more memory than its ${memoryBytes} bytes`, {
    remedy: "Raise memoryBytes, or work on less at a time.",
    data: { kernel: name, limit: "memoryBytes", memoryBytes },
    ...(cause === undefined ? {} : { cause }),
  });
