import { KernelNotFoundError, OutOfMemoryError } from "../../scheduler/protocol/errors.ts";
import { isScalarType, signatureOf } from "../../scheduler/protocol/manifest.ts";
import {
  globalExport,
  keepExport,
  nextUsedExport,
  outOfMemoryExport,
  reservedPrefix,
  restoreExport,
} from "../wasm/reserved.ts";
import { blockBytes } from "../wasm/restore.ts";
import type { Guest } from "./guest.ts";
import type { HostFunctions } from "./host-functions.ts";
import type { WorkerModule } from "./messages.ts";
import type { Runtime } from "./values.ts";

/** An exported function as it can be called many times: with numbers, and nothing made for a call. */
export type Kernel = {
  /** The function itself. Its `length` is how many numbers it takes. */
  readonly run: (...args: (number | bigint)[]) => number | bigint;
  /** To be told before each call how many arguments are given; a kernel with defaults knows by this. */
  readonly setArgumentsLength: ((count: number) => void) | undefined;
  /**
   * Whether a call leaves the instance as it was, however it ends, so that no reset is needed. It takes numbers only,
   * since to put anything else into memory changes that.
   */
  readonly isStateless: boolean;
};

export const pageBytes = 64 * 1024;

/**
 * All of the memory is zeroed after a task, whatever the task has touched. Of a module that begins with more than this
 * that takes longer than a new instance, unless the task touches most of it.
 */
const mostInitialBytes = 8 * 1024 * 1024;
/** What has more is not worth the memory of the machine. */
const mostBytes = 64 * 1024 * 1024;

/**
 * An instance of a module that can be put back to what it was when it had started: its memory, byte for byte, and its
 * mutable globals. Where that is not possible it serves one task only. What a host cannot put back is told by
 * `prepareModule`, and so is which functions leave nothing to put back.
 */
export class Instance {
  /** By which it is kept: its module, and the size of its memory. */
  readonly key: string;
  /** What values are moved with. */
  readonly runtime: Runtime;
  /** An object without a prototype, so that a module finds nothing of JavaScript's behind the names of its exports. */
  readonly #exports: WebAssembly.Exports;
  readonly #module: WorkerModule;
  readonly #kernels = new Map<string, Kernel>();
  /** The one asked for last, since mostly it is asked for again. */
  #lastName: string | undefined;
  #lastKernel: Kernel | undefined;
  readonly #isReusable: boolean;
  /** Its start asked the host for something: whatever was called since, it belongs to one task. */
  readonly #isTaskBound: boolean;
  readonly #restore: (from: number, pages: number) => number;
  readonly #bytes: Uint8Array;
  readonly #pages: number;
  /** The memory as it was, up to its last block that is not zero. */
  readonly #image: Uint8Array;
  #globals: WebAssembly.Global[] | undefined;
  #nextUsed: ((from: number, to: number) => number) | undefined;

  /** @throws whatever the module's start throws */
  constructor(
    key: string,
    module: WorkerModule,
    host: HostFunctions,
    initialPages: number,
    maximumPages: number,
  ) {
    this.key = key;
    this.#module = module;
    const memory = module.memory && memoryOf(module.memory, initialPages, maximumPages);
    const guest: Guest = { memory, runtime: undefined, isTaskBound: false };
    this.#exports = new WebAssembly.Instance(module.wasm, host.importsFor(guest, module)).exports;
    const { __new, __pin, __unpin } = this.#exports as Runtime;
    this.runtime = guest.runtime = { ...(memory && { memory }), __new, __pin, __unpin };
    this.#bytes = new Uint8Array(memory?.buffer ?? new ArrayBuffer(0));
    this.#pages = this.memoryBytes / pageBytes;
    this.#isTaskBound = guest.isTaskBound;
    this.#isReusable =
      module.isReusable &&
      !guest.isTaskBound &&
      this.memoryBytes <= mostBytes &&
      (module.memory?.initialPages ?? 0) * pageBytes <= mostInitialBytes;
    this.#image = this.#isReusable ? withoutZerosAtEnd(this.#bytes) : new Uint8Array();
    (this.#exports[keepExport] as () => void)();
    this.#restore = this.#exports[restoreExport] as (from: number, pages: number) => number;
  }

  /** What its memory took when it had started. */
  get memoryBytes(): number {
    return this.#bytes.byteLength;
  }

  /** What it can change besides its memory; of a module with actors. */
  get globals(): WebAssembly.Global[] {
    if (this.#globals === undefined) {
      this.#globals = [];
      for (let nth = 0; globalExport(nth) in this.#exports; nth++)
        this.#globals.push(this.#exports[globalExport(nth)] as WebAssembly.Global);
    }
    return this.#globals;
  }

  /**
   * The first block of `stateBlockBytes` from one address to another that is not zero, or the latter; of a module with
   * actors. Both are multiples of that, and not the same.
   */
  nextUsed(from: number, to: number): number {
    this.#nextUsed ??= this.#exports[nextUsedExport] as (from: number, to: number) => number;
    return this.#nextUsed(from, to) >>> 0;
  }

  /** The memory as it was when it had started, up to its last block that was not zero. */
  get image(): Uint8Array {
    return this.#image;
  }

  /** Whether all instances of its module are the same when they have started, and can be put back to that. */
  get isReusable(): boolean {
    return this.#isReusable;
  }

  /** Frees what nothing refers to any more, if it can. Between calls only. */
  collect(): void {
    (this.#exports.__collect as (() => void) | undefined)?.();
  }

  /** Calls an exported function. @throws KernelNotFoundError, and whatever the function throws */
  readonly call = (name: string, args: (number | bigint)[]): number | bigint => {
    const { run, setArgumentsLength } = this.kernel(name);
    setArgumentsLength?.(args.length);
    return run(...args);
  };

  /** An exported function. It stays the same as long as the instance is used. @throws KernelNotFoundError */
  kernel(name: string): Kernel {
    if (name !== this.#lastName) {
      this.#lastKernel = this.#find(name);
      this.#lastName = name;
    }
    return this.#lastKernel!;
  }

  #find(name: string): Kernel {
    const known = this.#kernels.get(name);
    if (known !== undefined) return known;
    const run = this.#exports[name];
    // A manifest may name what is not there, or is the host's.
    if (typeof run !== "function" || name.startsWith(reservedPrefix)) {
      throw new KernelNotFoundError(`the module exports no function ${name}`);
    }
    const { manifest, stateless } = this.#module;
    const signature = signatureOf(manifest, name);
    const params = signature?.params ?? [];
    const hasDefaults = params.some(({ optional }) => optional);
    // Any function of the module's may have this name, so it is called only for those that need it.
    const setArgumentsLength = hasDefaults ? this.#exports.__setArgumentsLength : undefined;
    const kernel = {
      run: run as Kernel["run"],
      setArgumentsLength: setArgumentsLength as Kernel["setArgumentsLength"],
      isStateless:
        stateless.includes(name) &&
        setArgumentsLength === undefined &&
        params.every(({ type }) => isScalarType(type)) &&
        !this.#isTaskBound,
    };
    this.#kernels.set(name, kernel);
    return kernel;
  }

  /** Whether memory was asked for that the limit forbids. */
  get isOutOfMemory(): boolean {
    return (this.#exports[outOfMemoryExport] as WebAssembly.Global | undefined)?.value === 1;
  }

  /** Puts everything back. False when that is not possible, and no further task may have this instance. */
  reset(): boolean {
    // `memory.grow`, even by nothing, takes the buffer away; that of a shared memory stays.
    const hasBuffer = this.memoryBytes === this.#pages * pageBytes;
    if (!this.#isReusable || !hasBuffer) return false;
    // Memory never shrinks: what has grown would tell the next task of the last.
    if (this.#restore(this.#image.byteLength, this.#pages) === 0) return false;
    this.#bytes.set(this.#image);
    return true;
  }
}
function memoryOf(
  { maximumPages: declaredPages = 65_536, isShared }: NonNullable<WorkerModule["memory"]>,
  initialPages: number,
  maximumPages: number,
): WebAssembly.Memory {
  const maximum = Math.min(maximumPages, declaredPages);
  const initial = Math.min(initialPages, maximum);
  try {
    return new WebAssembly.Memory({ initial, maximum, shared: isShared });
  } catch (error) {
    throw new OutOfMemoryError(`this host has no ${maximum * 64} KiB of address space left for a memory`, {
      remedy: "Run fewer modules at once, or lower memoryBytes.",
      cause: error,
    });
  }
}

/** A copy, in whole blocks. */
function withoutZerosAtEnd(bytes: Uint8Array): Uint8Array {
  const words = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  let end = words.length;
  // Of zeros only, +0 has no bit set.
  while (end > 0 && Object.is(words[end - 1], 0)) end--;
  return bytes.slice(0, Math.ceil((end * 8) / blockBytes) * blockBytes);
}
