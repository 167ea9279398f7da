import { KernelNotFoundError, OutOfMemoryError } from "../../scheduler/protocol/errors.ts";
import type { Guest } from "./guest.ts";
import type { HostFunctions } from "./host-functions.ts";
import type { WorkerModule } from "./messages.ts";
import type { Runtime } from "./values.ts";

type Kernel = (...args: unknown[]) => number | bigint;

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
 * `prepareModule`.
 */
export class Instance {
  /** By which it is kept: its module, and the size of its memory. */
  readonly key: string;
  /** What values are moved with. */
  readonly runtime: Runtime;
  /** An object without a prototype, so that a module finds nothing of JavaScript's behind the names of its exports. */
  readonly #exports: WebAssembly.Exports;
  readonly #memory: WebAssembly.Memory | undefined;
  readonly #isReusable: boolean;
  readonly #globals: { global: WebAssembly.Global; pristine: unknown }[];
  readonly #outOfMemory: WebAssembly.Global | undefined;
  readonly #bytes: Uint8Array;
  /** The memory as it was, up to its last byte that is not zero. */
  readonly #image: Uint8Array;

  /** @throws whatever the module's start throws */
  constructor(
    key: string,
    module: WorkerModule,
    host: HostFunctions,
    initialPages: number,
    maximumPages: number,
  ) {
    this.key = key;
    this.#memory = module.memory && memoryOf(module.memory, initialPages, maximumPages);
    const guest: Guest = { memory: this.#memory, runtime: undefined, isTaskBound: false };
    this.#exports = new WebAssembly.Instance(module.wasm, host.importsFor(guest, module)).exports;
    const { __new, __pin, __unpin } = this.#exports as Runtime;
    this.runtime = guest.runtime = { ...(this.#memory && { memory: this.#memory }), __new, __pin, __unpin };
    this.#outOfMemory = this.#exports.__wray_out_of_memory as WebAssembly.Global | undefined;
    this.#bytes = new Uint8Array(this.#memory?.buffer ?? new ArrayBuffer(0));
    this.#globals = module.globals.map((name) => {
      const global = this.#exports[name] as WebAssembly.Global;
      return { global, pristine: global.value };
    });
    this.#isReusable =
      module.isReusable &&
      !guest.isTaskBound &&
      this.memoryBytes <= mostBytes &&
      (module.memory?.initialPages ?? 0) * pageBytes <= mostInitialBytes &&
      // JavaScript may give a NaN other bits.
      !this.#globals.some(({ pristine }) => Number.isNaN(pristine));
    this.#image = this.#isReusable ? withoutZerosAtEnd(this.#bytes) : new Uint8Array();
  }

  /** What its memory took when it had started. */
  get memoryBytes(): number {
    return this.#bytes.byteLength;
  }

  /** Calls an exported function. */
  readonly call = (name: string, args: unknown[]): number | bigint => {
    const kernel = this.#exports[name];
    // A manifest may name what is not there.
    if (typeof kernel !== "function") throw new KernelNotFoundError(`the module exports no function ${name}`);
    // Of how many arguments were given, a kernel with defaults knows by this.
    (this.#exports.__setArgumentsLength as Kernel | undefined)?.(args.length);
    return (kernel as Kernel)(...args);
  };

  /** Whether memory was asked for that the limit forbids. */
  get isOutOfMemory(): boolean {
    return this.#outOfMemory?.value === 1;
  }

  /** Puts everything back. False when that is not possible, and no further task may have this instance. */
  reset(): boolean {
    // Memory never shrinks: what has grown would tell the next task of the last. Its buffer is then another one.
    if (!this.#isReusable || (this.#memory && this.#memory.buffer !== this.#bytes.buffer)) return false;
    this.#bytes.set(this.#image);
    this.#bytes.fill(0, this.#image.byteLength);
    for (const { global, pristine } of this.#globals) global.value = pristine as never;
    if (this.isOutOfMemory) this.#outOfMemory!.value = 0;
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

/** A copy; memory comes in whole words. */
function withoutZerosAtEnd(bytes: Uint8Array): Uint8Array {
  const words = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  let end = words.length;
  // Of zeros only, +0 has no bit set.
  while (end > 0 && Object.is(words[end - 1], 0)) end--;
  return bytes.slice(0, end * 8);
}
