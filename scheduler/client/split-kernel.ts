import type { Kernel, RemoteArgs } from "./kernel.ts";
import type { KernelFunction, UntypedFunction } from "./kernel-types.ts";
import type { ObjectRef } from "./object-ref.ts";
import type { TaskOptions } from "./task-options.ts";

/** A GPU kernel of one output is a kernel like any other; of several, each is a ref of its own. */
export type GpuKernelOf<Fn extends KernelFunction> =
  ReturnType<Fn> extends ArrayBufferView | number
    ? Kernel<Fn>
    : unknown extends ReturnType<Fn>
      ? Kernel<Fn>
      : SplitKernel<Fn>;

/** A kernel of several results, of which each is a ref. */
export class SplitKernel<Fn extends KernelFunction = UntypedFunction> {
  /** `module/function` */
  readonly name: string;
  readonly #whole: Kernel;
  readonly #fields: readonly Kernel[];

  /** @param fields each takes what `whole` returns, and returns one of its fields */
  constructor(whole: Kernel, fields: readonly Kernel[]) {
    this.name = whole.name;
    this.#whole = whole;
    this.#fields = fields;
  }

  /** The same kernel with these options over the ones it has. @throws as `Kernel.options` */
  options(options: TaskOptions): SplitKernel<Fn> {
    const set = (kernel: Kernel) => kernel.options(options);
    return new SplitKernel(set(this.#whole), this.#fields.map(set));
  }

  /** Submits one call, and returns a ref for each of its results. @throws as `Kernel.remote` */
  remote(...args: RemoteArgs<Parameters<Fn>>): {
    [Name in keyof ReturnType<Fn>]: ObjectRef<ReturnType<Fn>[Name]>;
  } {
    const whole = this.#whole.remote(...(args as unknown[]));
    return Object.fromEntries(this.#fields.map((field) => [fieldOf(field), field.remote(whole)])) as never;
  }
}

/** Which result it takes. */
function fieldOf({ signature: { gpu } }: Kernel): string {
  return gpu !== undefined && "field" in gpu ? gpu.field : "";
}
