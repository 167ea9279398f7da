import { checkGrant } from "../manifest/check-limits.ts";
import { quickFit } from "../manifest/quick-fit.ts";
import { defaultGpuNeed, defaultNeed } from "../placement/resources.ts";
import { InvalidTaskError } from "../protocol/errors.ts";
import { randomId } from "../protocol/ids.ts";
import { defaultGrant } from "../protocol/limits.ts";
import type { KernelSignature } from "../protocol/manifest.ts";
import type { Tensor, TypedArray } from "../protocol/tensor.ts";
import type { Actor } from "./actors/actor.ts";
import type { Backend, MapArg, Target, Variant } from "./backend.ts";
import { checkMap } from "./check-map.ts";
import { checkedArgs } from "./checked-args.ts";
import { DurableKernel } from "./durable-kernel.ts";
import type { DurableOptions } from "./durable-options.ts";
import { bindGang } from "./gang.ts";
import { type Groups, reserveForGang } from "./groups.ts";
import { type Jobs, ofCluster } from "./jobs.ts";
import type { KernelFunction, UntypedFunction } from "./kernel-types.ts";
import type { ModuleFacts } from "./module.ts";
import { handleOf, ObjectRef } from "./object-ref.ts";
import type { GroupOptions } from "./placement-group.ts";
import { RefStream } from "./ref-stream.ts";
import { checkTaskOptions, type KernelOptions, type TaskOptions } from "./task-options.ts";

export type KernelDeps = {
  backend: Backend;
  module: ModuleFacts;
  signature: KernelSignature;
  /** The ways to run it, by their names, if there are several; the kernel itself is the first of them. */
  variants?: ReadonlyMap<string, KernelVariant> | undefined;
  /** What a job is submitted to; an embedded client has none. */
  jobs: Jobs | undefined;
  /** What a gang reserves of a cluster. */
  groups: Groups | undefined;
  /** @throws when the client was shut down */
  checkOpen(): void;
};

/** A kernel that does the same as another, with options of its own. */
export type KernelVariant = Pick<KernelDeps, "module" | "signature"> & { options: KernelOptions };

/** What a task takes: each argument, or a ref that stands for it. */
export type RemoteArgs<Args extends unknown[]> = {
  [Index in keyof Args]: RemoteArg<Args[Index]>;
};
type RemoteArg<Arg> = Passed<WithActors<Arg> | (Arg extends TypedArray ? Tensor<Arg> : never)>;
/** Where a kernel takes its class `Actor`, the handle of one fits. */
type WithActors<Arg> = Arg | (Arg extends { address: string } ? Actor : never) | ActorsOf<Arg>;
type ActorsOf<Arg> = Arg extends readonly { address: string }[] ? readonly (Arg[number] | Actor)[] : never;
type Passed<Value> = Value | ObjectRef<Value>;

/** What `map` takes: for each argument one value for all calls, or a typed array with one for each call. */
export type MapArgs<Args extends unknown[]> = { [Index in keyof Args]: Args[Index] | ArrayFor<Args[Index]> };
type ArrayFor<Scalar> = unknown extends Scalar
  ? TypedArray
  : Scalar extends bigint
    ? BigInt64Array | BigUint64Array
    : Scalar extends boolean
      ? Uint8Array
      : Scalar extends number
        ? Exclude<TypedArray, BigInt64Array | BigUint64Array>
        : never;

/**
 * A kernel of a loaded module, ready to be called as a task.
 * @typeParam Fn what its typings say of it; without them, arguments are checked only at run time
 */
export class Kernel<Fn extends KernelFunction = UntypedFunction> {
  /** `module/function` */
  readonly name: string;
  readonly #deps: KernelDeps;
  readonly #options: KernelOptions;
  readonly #fits: readonly ((value: unknown) => boolean)[];
  #target: Target | undefined;

  constructor(deps: KernelDeps, options: KernelOptions = {}) {
    this.name = `${deps.module.manifest.module}/${deps.signature.name}`;
    this.#deps = deps;
    this.#options = options;
    this.#fits = deps.signature.params.map(({ type }) => quickFit(type));
  }

  get signature(): KernelSignature {
    return this.#deps.signature;
  }

  /** What it is made of, for what makes another kernel of it. */
  parts(): { deps: KernelDeps; options: KernelOptions } {
    return { deps: this.#deps, options: this.#options };
  }

  /**
   * The same kernel with these options over the ones it has. With `durable: true`, it is one whose calls are jobs, which
   * outlive this program.
   * @throws InvalidTaskError for an unknown option or a value out of range, and for jobs without a cluster
   */
  options(options: DurableOptions): DurableKernel<Fn>;
  options(options: TaskOptions): Kernel<Fn>;
  options(options: TaskOptions | DurableOptions): Kernel<Fn> | DurableKernel<Fn> {
    if ("durable" in options) {
      const { jobs, groups: _, ...others } = this.#deps;
      const all = { ...this.#options, ...options } as DurableOptions;
      return new DurableKernel({ ...others, jobs: ofCluster(jobs) }, all);
    }
    return new Kernel(this.#deps, { ...this.#options, ...checkTaskOptions(options) });
  }

  /**
   * Submits one call. Typed arrays are copied at once; an `ObjectRef` stands for its value, which goes from where it
   * is to where the task runs. Returns the ref of the result without waiting.
   * @throws InvalidTaskError when the arguments don't fit, naming the parameter, or a capability is not granted
   * @throws LimitExceededError when the arguments have more than `maxArgumentBytes`
   */
  remote(...args: RemoteArgs<Parameters<Fn>>): ObjectRef<ReturnType<Fn>> {
    const { checkOpen } = this.#deps;
    checkOpen();
    const target = this.#ready();
    const fits = this.#fits;
    let isQuick = args.length === fits.length;
    for (let index = 0; isQuick && index < fits.length; index++) isQuick = fits[index]!(args[index]);
    return new ObjectRef(target.submit(isQuick ? args : this.#checked(args)));
  }

  /**
   * Calls the kernel once for each element, and returns the ref of the results as one typed array. It is for kernels
   * that take and return numbers, bigints or booleans: such an argument may be a typed array, of which each call gets
   * one element, or one value for all calls. The calls are spread over the workers; each starts from a clean sandbox,
   * and has the time limit for itself. When one fails, so does the ref, and `error.data.index` tells which.
   *
   * The array of results is of the class that holds the kernel's result type: `Float64Array` for f64, `Uint8Array` for
   * bool, and so on.
   * @throws InvalidTaskError when the kernel is none of these, an argument does not fit, or the arrays differ in length
   */
  map(...args: MapArgs<Parameters<Fn>>): ObjectRef<ArrayFor<ReturnType<Fn>>> {
    const { checkOpen, backend, signature } = this.#deps;
    checkOpen();
    const target = this.#ready();
    const { count, ResultArray } = checkMap(this.name, signature, args);
    const handle = count === 0 ? backend.put(new ResultArray(0)) : target.map(args as MapArg[], count);
    return new ObjectRef(handle);
  }

  /**
   * Calls a kernel that yields values by `emit`, as one task. Returns without waiting a stream of their refs, each of which
   * is ready when it comes, and of what the kernel returns. The option `maxUnread` says how many of them it may be ahead.
   * @typeParam Item what the kernel yields
   * @throws as `remote`
   */
  stream<Item = unknown>(...args: RemoteArgs<Parameters<Fn>>): RefStream<Item, ReturnType<Fn>> {
    const { checkOpen, backend } = this.#deps;
    checkOpen();
    const streaming = this.#ready().stream(this.#checked(args));
    return new RefStream({ ...streaming, checkOpen, cancel: (handle) => backend.cancel(handle) });
  }

  /**
   * Submits calls that work together: they can talk to each other by the collectives of `wray/kernels/sdk`, where the index
   * of a call is its rank. They start together, or not at all: what all of them need is reserved first, as a placement group
   * with a bundle for each. On an embedded host nothing is reserved: there, a call that waits for another makes room for it.
   * They are not retried; when one fails, so do the others. What was reserved ends with the last of them.
   * @param calls the arguments of each
   * @returns a ref for each call, once all are reserved; when one fails, the others fail with CollectiveError
   * @throws InfeasibleTaskError, GetTimeoutError as `Client.placementGroup` does: then none has started
   */
  async gang(
    calls: readonly RemoteArgs<Parameters<Fn>>[],
    options: GroupOptions = {},
  ): Promise<ObjectRef<ReturnType<Fn>>[]> {
    const { checkOpen, backend, groups } = this.#deps;
    checkOpen();
    for (const args of calls) this.#checked(args);
    const need = { ...defaultNeed, ...this.#options.resources };
    const group = await reserveForGang(
      groups,
      calls.map(() => need),
      options,
    );
    const id = group?.id ?? randomId();
    const { labels } = options;
    const refs: ObjectRef<ReturnType<Fn>>[] = [];
    try {
      for (const [rank, args] of calls.entries()) {
        const gang = { group: id, rank, size: calls.length };
        const place = group === undefined ? labels && { labels } : { group, bundle: rank };
        const given = { ...this.#options, ...place, maxRetries: 0, gang } as KernelOptions;
        refs.push(new Kernel<Fn>(this.#deps, given).remote(...args));
      }
    } catch (error) {
      for (const ref of refs) backend.cancel(handleOf(ref));
      group?.remove();
      throw error;
    }
    bindGang(backend, id, refs.map(handleOf), () => group?.remove());
    return refs;
  }

  #ready(): Target {
    if (this.#target !== undefined) return this.#target;
    const { backend } = this.#deps;
    const variants = this.#variants().map((each) => variantOf(each, this.#options));
    const [{ module, kernel, options }] = variants as [Variant];
    this.#target = variants.length === 1 ? backend.target(module, kernel, options) : backend.choice(variants);
    return this.#target;
  }

  /** Those by which a call may be run. */
  #variants(): readonly KernelVariant[] {
    const { module, signature, variants } = this.#deps;
    const { variant } = this.#options;
    if (variant === undefined) return [...(variants?.values() ?? [{ module, signature, options: {} }])];
    const found = variants?.get(variant);
    if (found !== undefined) return [found];
    throw new InvalidTaskError(`${this.name} has no variant ${JSON.stringify(variant)}`, {
      remedy: variants === undefined ? "It has none." : `It has ${[...variants.keys()].join(", ")}.`,
      data: { kernel: this.name, option: "variant" },
    });
  }

  #checked(args: readonly unknown[]): unknown[] {
    return checkedArgs(this.name, this.#deps, args);
  }
}

/** With the options of the kernel over its own. */
function variantOf({ module, signature, options: own }: KernelVariant, given: KernelOptions): Variant {
  const options = { ...own, ...given };
  const label = `${module.manifest.module}/${signature.name}`;
  checkGrant(label, module.needs, options.grant ?? defaultGrant);
  if (signature.gpu === undefined) return { module, kernel: signature.name, options };
  const resources = { ...defaultGpuNeed, ...options.resources };
  if (resources.gpu === 0)
    throw new InvalidTaskError(`${label} runs on a GPU, and its option resources asks for none`, {
      remedy: "Ask for a part of one, such as { gpu: 0.1 }.",
      data: { kernel: label, option: "resources" },
    });
  return { module, kernel: signature.name, options: { ...options, resources } };
}
