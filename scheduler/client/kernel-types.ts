import type { Modules } from "./modules.ts";

/** What a kernel is to TypeScript: the function that it was in its source, between values as they are outside. */
export type KernelFunction = (...args: never[]) => unknown;

/** A kernel of which TypeScript knows nothing; its arguments are checked when it is called. */
export type UntypedFunction = (...args: unknown[]) => unknown;

/** The kernels of a module of which TypeScript knows nothing. */
export type UntypedKernels = Record<string, UntypedFunction>;

/** The kernels of the module that is called so; of one that is not named, nothing is known. */
export type KernelsOf<Name extends keyof Modules> = [Name] extends [never] ? UntypedKernels : Modules[Name];

/** The function of this name among these kernels. */
export type FunctionIn<Kernels, Name extends PropertyKey> = Name extends keyof Kernels
  ? Extract<Kernels[Name], KernelFunction>
  : never;

/** The function that is called so, as `module/function`. */
export type FunctionOf<Name extends string> = Name extends `${infer Module}/${infer Kernel}`
  ? Module extends keyof Modules
    ? FunctionIn<Modules[Module], Kernel>
    : UntypedFunction
  : UntypedFunction;

/** The name itself; when the module is known and has no such kernel, the names that there are instead. */
export type KernelName<Name extends string> = Name extends `${infer Module}/${infer Kernel}`
  ? Module extends keyof Modules
    ? Kernel extends keyof Modules[Module]
      ? Name
      : `${Module}/${keyof Modules[Module] & string}`
    : Name
  : Name;
