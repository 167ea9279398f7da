import { type ASUtil, instantiateSync } from "@assemblyscript/loader";
import { checkArg, checkArgCount, checkGaps, findKernel } from "../../scheduler/manifest/check.ts";
import type { Manifest } from "../../scheduler/protocol/manifest.ts";
import { KernelAbort, taskError } from "./trap.ts";
import { lift, lower } from "./values.ts";

type Exports = ASUtil & Record<string, unknown>;

/** An instance whose memory grew past this is not kept: it would cost more to clear than to make anew. */
const keptMemoryBytes = 16 * 1024 * 1024;

/**
 * A module's instance that runs one task at a time and forgets each: after a task, its memory and its mutable globals
 * are what they were before the first.
 */
export class Sandbox {
  readonly #wasm: WebAssembly.Module;
  readonly #manifest: Manifest;
  readonly #log: (text: string) => void;
  #exports!: Exports;
  #globals: { global: WebAssembly.Global; pristine: unknown }[] = [];
  #pristineMemory = new Uint8Array();

  constructor(wasm: WebAssembly.Module, manifest: Manifest, log: (text: string) => void) {
    this.#wasm = wasm;
    this.#manifest = manifest;
    this.#log = log;
    this.#instantiate();
  }

  /**
   * Runs a kernel with values that may not fit its parameters. `take` gets the result while it may still be a view
   * of the module's memory.
   * @throws InvalidTaskError, KernelNotFoundError, TaskError
   */
  run<T>(kernel: string, args: unknown[], take: (result: unknown) => T): T {
    const name = `${this.#manifest.module}/${kernel}`;
    const signature = findKernel(this.#manifest, kernel);
    checkArgCount(name, signature, args.length);
    checkGaps(name, signature, args);
    for (const [index, arg] of args.entries()) checkArg(name, signature, index, arg);
    const given = args.findLastIndex((arg) => arg !== undefined) + 1;
    try {
      const lowered = args
        .slice(0, given)
        .map((arg, index) => lower(this.#exports, this.#manifest, signature.params[index]!.type, arg));
      const raw = (this.#exports[kernel] as (...args: unknown[]) => number | bigint)(...lowered);
      return take(lift(this.#exports, signature.returns, raw));
    } catch (error) {
      throw taskError(name, error);
    } finally {
      this.#reset();
    }
  }

  #instantiate(): void {
    const read = (pointer: number) =>
      pointer === 0 || !this.#exports ? "" : this.#exports.__getString(pointer);
    const { exports } = instantiateSync<Exports>(this.#wasm, {
      env: {
        abort: (message: number, file: number, line: number, column: number) => {
          throw new KernelAbort(read(message) || "abort", read(file), line, column);
        },
      },
      wray: { log: (message: number) => this.#log(read(message)) },
    });
    this.#exports = exports;
    this.#globals = (this.#manifest.globals ?? []).map((name) => {
      const global = exports[name];
      if (!(global instanceof WebAssembly.Global)) throw new Error(`it exports no global ${name}`);
      return { global, pristine: global.value };
    });
    this.#pristineMemory = this.#memory().slice();
  }

  /** Modules of other languages may have no memory, or export it under another name. */
  #memory(): Uint8Array<ArrayBuffer> {
    const memory = Object.values(this.#exports).find((each) => each instanceof WebAssembly.Memory);
    return memory === undefined ? new Uint8Array() : new Uint8Array(memory.buffer as ArrayBuffer);
  }

  #reset(): void {
    const memory = this.#memory();
    if (memory.byteLength > keptMemoryBytes) {
      this.#instantiate();
      return;
    }
    memory.set(this.#pristineMemory);
    memory.fill(0, this.#pristineMemory.byteLength);
    for (const { global, pristine } of this.#globals) global.value = pristine as never;
  }
}
