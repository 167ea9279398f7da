import { ModuleRejectedError } from "../protocol/errors.ts";

/** What is wrong with a binary, before it is known what to call it. */
export class WasmError extends Error {
  /** Whether the binary is broken, or uses what we do not read. */
  readonly kind: "malformed" | "unsupported";

  constructor(kind: WasmError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

export const malformed = (offset: number, what: string): WasmError =>
  new WasmError("malformed", `${what} at byte ${offset}`);

export const unsupported = (what: string): WasmError => new WasmError("unsupported", what);

/**
 * Does work that may throw a WasmError.
 * @throws ModuleRejectedError instead, which calls the module `source`
 */
export function rejecting<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof WasmError)) throw error;
    throw error.kind === "malformed"
      ? new ModuleRejectedError(`${source} is not a WebAssembly module: ${error.message}`, {
          remedy: "Give the .wasm file that the compiler wrote, whole.",
        })
      : new ModuleRejectedError(`${source} uses what no host runs: ${error.message}`, {
          remedy:
            "Compile it for WebAssembly 2.0 with one memory; threads, tail calls and exceptions are fine.",
        });
  }
}
