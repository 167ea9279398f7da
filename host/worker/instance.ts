import { type ASUtil, instantiateSync } from "@assemblyscript/loader";
import { KernelNotFoundError, OutOfMemoryError } from "../../scheduler/protocol/errors.ts";
import type { Guest } from "./guest.ts";
import type { HostFunctions } from "./host-functions.ts";
import type { WorkerModule } from "./messages.ts";

type Kernel = (...args: unknown[]) => number | bigint;

/**
 * An instance of a module that can be put back to what it was when it had started: its memory, byte for byte, and its
 * mutable globals. Where that is not possible it serves one task only. What a host cannot put back is told by
 * `prepareModule`.
 */
export class Instance {
  /** By which the sandbox keeps it: the size of its memory. */
  readonly key: string;
  readonly exports: ASUtil;
  readonly #own: WebAssembly.Exports;
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
    const guest: Guest = { memory: this.#memory, exports: undefined, isTaskBound: false };
    const { exports, instance } = instantiateSync<Record<string, unknown>>(
      module.wasm,
      host.importsFor(guest, module) as never,
    );
    guest.exports = exports;
    this.exports = exports;
    this.#own = instance.exports;
    this.#isReusable = module.isReusable && !guest.isTaskBound;
    const globals = module.globals.map((name) => this.#own[name] as WebAssembly.Global);
    this.#globals = this.#isReusable ? globals.map((global) => ({ global, pristine: global.value })) : [];
    this.#outOfMemory = this.#own.__wray_out_of_memory as WebAssembly.Global | undefined;
    this.#bytes = new Uint8Array(this.#memory?.buffer ?? new ArrayBuffer(0));
    this.#image = this.#isReusable ? withoutZerosAtEnd(this.#bytes) : new Uint8Array();
  }

  /** Calls an exported function. */
  readonly call = (name: string, args: unknown[]): number | bigint => {
    const kernel = this.#own[name];
    // A manifest may name what is not there.
    if (typeof kernel !== "function") throw new KernelNotFoundError(`the module exports no function ${name}`);
    // Of how many arguments were given, a kernel with defaults knows by this.
    (this.#own.__setArgumentsLength as Kernel | undefined)?.(args.length);
    return (kernel as Kernel)(...args);
  };

  /** Whether memory was asked for that the limit forbids. */
  get isOutOfMemory(): boolean {
    return this.#outOfMemory?.value === 1;
  }

  /** Puts everything back. False when that is not possible, and no further task may have this instance. */
  reset(): boolean {
    // Memory never shrinks: what has grown would tell the next task of the last.
    if (!this.#isReusable || (this.#memory?.buffer.byteLength ?? 0) !== this.#bytes.byteLength) return false;
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
