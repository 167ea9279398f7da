import { checkArg, checkArgCount, checkGaps } from "../manifest/check.ts";
import { checkArgBytes, checkGrant } from "../manifest/check-limits.ts";
import { InvalidTaskError } from "../protocol/errors.ts";
import { randomId } from "../protocol/ids.ts";
import { defaultGrant, defaultLimits } from "../protocol/limits.ts";
import type { KernelSignature } from "../protocol/manifest.ts";
import type { Tensor, TypedArray } from "../protocol/tensor.ts";
import { encodeValue } from "../protocol/value.ts";
import { checkDurableOptions, type DurableOptions, requestOf } from "./durable-options.ts";
import type { Job } from "./job.ts";
import type { Jobs } from "./jobs.ts";
import type { KernelFunction, UntypedFunction } from "./kernel-types.ts";
import type { ModuleFacts } from "./module.ts";
import { ObjectRef } from "./object-ref.ts";

export type DurableKernelDeps = {
  jobs: Jobs;
  module: ModuleFacts;
  signature: KernelSignature;
  /** @throws when the client was shut down */
  checkOpen(): void;
};

/** What a job takes: values, since a ref ends with its program. */
export type JobArgs<Args extends unknown[]> = {
  [Index in keyof Args]: Args[Index] | (Args[Index] extends TypedArray ? Tensor<Args[Index]> : never);
};

/**
 * A kernel of a loaded module, ready to be called as a job, which goes on whatever becomes of this program.
 * @typeParam Fn what its typings say of it; without them, arguments are checked only at run time
 */
export class DurableKernel<Fn extends KernelFunction = UntypedFunction> {
  /** `module/function` */
  readonly name: string;
  readonly #deps: DurableKernelDeps;
  readonly #options: DurableOptions;

  /** Programs get one by `options({ durable: true })` of a kernel. */
  constructor(deps: DurableKernelDeps, options: DurableOptions) {
    this.name = `${deps.module.manifest.module}/${deps.signature.name}`;
    this.#deps = deps;
    this.#options = checkDurableOptions(options);
  }

  /**
   * The same kernel with these options over the ones it has.
   * @throws InvalidTaskError for an unknown option or a value out of range
   */
  options(options: Partial<DurableOptions>): DurableKernel<Fn> {
    return new DurableKernel(this.#deps, { ...this.#options, ...options });
  }

  /**
   * Submits one call as a job. Resolves once the cluster's stream has it, so that it will be run even if this program,
   * the server and every host end now; until then, it is tried again. It may be run more than once, and has one result.
   * @throws InvalidTaskError when the arguments don't fit, or one is a ref
   * @throws LimitExceededError when the job is larger than a message
   */
  async submit(...args: JobArgs<Parameters<Fn>>): Promise<Job<ReturnType<Fn>>> {
    const { jobs, module, checkOpen } = this.#deps;
    checkOpen();
    const { id = randomId(), grant = defaultGrant, maxArgumentBytes } = this.#options;
    checkGrant(this.name, module.needs, grant);
    const values = this.#checked(args).map((arg) => encodeValue(arg));
    checkArgBytes(this.name, values, maxArgumentBytes ?? defaultLimits.maxArgumentBytes);
    const request = { kernel: this.name, module: module.sha256, values, ...requestOf(this.#options) };
    return (await jobs.submit(id, request)) as Job<ReturnType<Fn>>;
  }

  #checked(args: readonly unknown[]): readonly unknown[] {
    const { signature, module } = this.#deps;
    checkArgCount(this.name, signature, args.length);
    checkGaps(this.name, signature, args);
    for (const [index, arg] of args.entries()) {
      if (!(arg instanceof ObjectRef)) checkArg(this.name, signature, index, arg, module.manifest.classes);
      else {
        throw new InvalidTaskError(
          `${this.name}: parameter ${signature.params[index]!.name} is a ref, which a job would outlive`,
          { remedy: "Get its value and pass that.", data: { kernel: this.name, id: arg.id } },
        );
      }
    }
    return args;
  }
}
