import type { Submission } from "../dataflow/task-table.ts";
import { checkArg, checkArgCount, checkGaps } from "../manifest/check.ts";
import { checkArgBytes, checkGrant } from "../manifest/check-limits.ts";
import { InvalidTaskError } from "../protocol/errors.ts";
import { type Capability, defaultGrant, defaultLimits } from "../protocol/limits.ts";
import type { KernelSignature, Manifest } from "../protocol/manifest.ts";
import type { Tensor, TypedArray } from "../protocol/tensor.ts";
import { encodeValue } from "../protocol/value.ts";
import type { KernelFunction, UntypedFunction } from "./kernel-types.ts";
import { ObjectRef } from "./object-ref.ts";
import { checkTaskOptions, submissionOf, type TaskOptions } from "./task-options.ts";

export type KernelDeps = {
  /** The module's sha-256. */
  module: string;
  /** `module/function`, for messages. */
  label: string;
  signature: KernelSignature;
  /** The capabilities that the module imports. */
  needs: readonly Capability[];
  /** Of its manifest. */
  classes: Manifest["classes"];
  owns(ref: ObjectRef): boolean;
  submit(submission: Submission): ObjectRef;
};

/** What a task takes: each argument, or a ref that stands for it. */
export type RemoteArgs<Args extends unknown[]> = {
  [Index in keyof Args]: RemoteArg<Args[Index]>;
};
type RemoteArg<Arg> = Passed<Arg | (Arg extends TypedArray ? Tensor<Arg> : never)>;
type Passed<Value> = Value | ObjectRef<Value>;

/**
 * A kernel of a loaded module, ready to be called as a task.
 * @typeParam Fn what its typings say of it; without them, arguments are checked only at run time
 */
export class Kernel<Fn extends KernelFunction = UntypedFunction> {
  readonly #deps: KernelDeps;
  readonly #options: TaskOptions;
  /** What each of its submissions has of the options. */
  readonly #submission: ReturnType<typeof submissionOf>;

  constructor(deps: KernelDeps, options: TaskOptions = {}) {
    this.#deps = deps;
    this.#options = options;
    this.#submission = submissionOf(options);
  }

  /** `module/function` */
  get name(): string {
    return this.#deps.label;
  }

  get signature(): KernelSignature {
    return this.#deps.signature;
  }

  /**
   * The same kernel with these options over the ones it has.
   * @throws InvalidTaskError for an unknown option or a value out of range
   */
  options(options: TaskOptions): Kernel<Fn> {
    return new Kernel(this.#deps, { ...this.#options, ...checkTaskOptions(options) });
  }

  /**
   * Submits one call. Typed arrays are copied at once; an `ObjectRef` stands for its value, which goes from where it
   * is to where the task runs. Returns the ref of the result without waiting.
   * @throws InvalidTaskError when the arguments don't fit, naming the parameter, or a capability is not granted
   * @throws LimitExceededError when the arguments have more than `maxArgumentBytes`
   */
  remote(...args: RemoteArgs<Parameters<Fn>>): ObjectRef<ReturnType<Fn>> {
    const { label, signature, classes, module, needs } = this.#deps;
    const { grant = defaultGrant, maxArgumentBytes = defaultLimits.maxArgumentBytes } = this.#options;
    checkGrant(label, needs, grant);
    checkArgCount(label, signature, args.length);
    checkGaps(label, signature, args);
    const encoded = args.map((arg, index) => {
      if (!(arg instanceof ObjectRef)) {
        checkArg(label, signature, index, arg, classes);
        return encodeValue(arg);
      }
      if (this.#deps.owns(arg)) return arg.id;
      throw new InvalidTaskError(
        `${label}: parameter ${signature.params[index]!.name} is a ref of another client, or one that was shut down`,
        { remedy: "Get its value and pass that.", data: { kernel: label, id: arg.id } },
      );
    });
    checkArgBytes(label, encoded, maxArgumentBytes);
    return this.#deps.submit({
      label,
      module,
      kernel: signature.name,
      args: encoded,
      ...this.#submission,
    }) as ObjectRef<ReturnType<Fn>>;
  }
}
