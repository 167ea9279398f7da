import { controlBytes } from "../../host/ring/control.ts";
import { keepExport, restoreExport } from "../../host/wasm/reserved.ts";
import { pageBytes } from "../../host/worker/instance.ts";
import type { WorkerModule } from "../../host/worker/messages.ts";
import { Meter } from "../../host/worker/meter.ts";
import { lift, lowerAll, type Runtime } from "../../host/worker/values.ts";
import { defaultLimits } from "../../scheduler/protocol/limits.ts";

export type Args = (Float64Array | Int32Array | string | number)[];

/** A call of a kernel that has been made: how long it took, and what it returned. */
export type Called<Result = Float64Array | number> = { ms: number; result(): Result };

/**
 * A kernel in an instance of its own whose memory holds the arguments already: what a host does before and after a
 * call is not in its time, but the checks are that its module has.
 */
export function kernelCall<Result = Float64Array | number>(
  module: WorkerModule,
  kernel: string,
  args: readonly unknown[],
) {
  const { lowered, keep, restore, call } = opened(module, kernel);
  const raw = lowered(args);
  keep();
  return (): Called<Result> => {
    restore();
    return call(raw) as Called<Result>;
  };
}

/** The same of arguments that are others each time, and put there before each call. */
export function kernelOf<Result>(module: WorkerModule, kernel: string): (args: readonly unknown[]) => Result {
  const { lowered, keep, restore, call } = opened(module, kernel);
  keep();
  return (args) => {
    restore();
    return call(lowered(args)).result() as Result;
  };
}

/** A kernel in an instance of its own, and the parts of a call of it. */
function opened({ wasm, manifest, memory: needed }: WorkerModule, kernel: string) {
  const meter = new Meter(new Int32Array(new SharedArrayBuffer(controlBytes)));
  meter.begin(kernel, 1, { ...defaultLimits, timeoutMs: Number.POSITIVE_INFINITY });
  const memory = new WebAssembly.Memory({ initial: needed?.initialPages ?? 0, maximum: 65_536 });
  const imports = { __wray: { check: meter.check, memory }, env: { abort: failed } };
  const { exports } = new WebAssembly.Instance(wasm, imports);
  const runtime = { ...exports, memory } as unknown as Runtime;
  const { params, returns } = manifest.kernels.find(({ name }) => name === kernel)!;
  const types = params.map(({ type }) => type);
  const run = exports[kernel] as (...args: unknown[]) => number;
  const putBack = exports[restoreExport] as (from: number, pages: number) => number;
  const tellCount = exports.__setArgumentsLength as ((count: number) => void) | undefined;
  return {
    lowered: (args: readonly unknown[]) => lowerAll(runtime, manifest, types, args),
    // What a call allocates is let go of as a host does it: by putting the globals back to what they were here.
    keep: exports[keepExport] as () => void,
    restore() {
      const { byteLength } = memory.buffer;
      putBack(byteLength, byteLength / pageBytes);
    },
    call(lowered: readonly unknown[]): Called<unknown> {
      // A kernel with defaults asks how many arguments it has been given.
      tellCount?.(lowered.length);
      const startMs = performance.now();
      const raw = run(...lowered);
      const ms = performance.now() - startMs;
      return { ms, result: () => lift(runtime, manifest, returns, raw, Number.MAX_SAFE_INTEGER) };
    },
  };
}

function failed(): never {
  throw new Error("a kernel has called abort");
}

/** The mean time of so many calls, in µs. */
export function usOf(callCount: number, callMs: () => number): number {
  let totalMs = 0;
  for (let count = 0; count < callCount; count++) totalMs += callMs();
  return (totalMs / callCount) * 1_000;
}
