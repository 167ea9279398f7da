import { fuelBudget } from "../../../host/wasm/fuel.ts";
import { type Preparation, type PrepareOptions, prepareModule } from "../../../host/wasm/prepare.ts";

export type Functions = Record<string, (...args: (number | bigint)[]) => unknown>;

/** An instance of a prepared module, and how a host sees it. */
export type Prepared = {
  preparation: Preparation;
  exports: WebAssembly.Exports;
  functions: Functions;
  memory: WebAssembly.Memory | undefined;
  /** How often it has asked whether it may go on. */
  asked(): number;
};

export type InstanceOptions = Partial<PrepareOptions> & {
  imports?: WebAssembly.Imports;
  maximumPages?: number;
  /** What the host answers when it is asked for the so-manyth time, from 1. Default: go on. */
  answer?: (count: number) => number;
};

export const defaultOptions: PrepareOptions = { preempt: true, tableEntries: 10_000 };

/** Prepares a module and makes an instance of it, as a host does. */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, options: InstanceOptions = {}): Prepared {
  const { imports, answer = () => fuelBudget, maximumPages = 1_000, ...prepare } = options;
  const preparation = prepareModule(bytes, { ...defaultOptions, ...prepare });
  const { memory: needed } = preparation;
  const memory =
    needed &&
    new WebAssembly.Memory({
      initial: needed.initialPages,
      maximum: Math.min(needed.maximumPages ?? maximumPages, needed.isShared ? Infinity : maximumPages),
      shared: needed.isShared,
    });
  let count = 0;
  const own: WebAssembly.ModuleImports = { check: () => answer(++count) };
  if (memory !== undefined) own.memory = memory;
  const wasm = new WebAssembly.Module(preparation.bytes);
  const { exports } = new WebAssembly.Instance(wasm, { ...imports, __wray: own });
  return { preparation, exports, functions: exports as Functions, memory, asked: () => count };
}

/** An instance of the module as it is. */
export function original(bytes: Uint8Array<ArrayBuffer>, imports: WebAssembly.Imports = {}): Functions {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports as Functions;
}
