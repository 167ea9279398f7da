import { type ASUtil, instantiateSync } from "@assemblyscript/loader";
import type { Manifest, Type } from "../../scheduler/protocol/manifest.ts";
import type { Compiled } from "./asc.ts";

type Functions = Record<string, (...args: unknown[]) => unknown>;

/** An instance of a module and a way to call its kernels with JavaScript's values. */
export type Instance = {
  exports: WebAssembly.Exports;
  call(kernel: string, ...args: unknown[]): unknown;
};

/** Instantiates a module with the loader, as a host does, and moves values by the manifest alone. */
export function instantiate(
  { wasm, manifest }: Compiled,
  onLog: (line: string) => void = () => {},
): Instance {
  const { instance, exports } = instantiateSync<Functions>(wasm, {
    wray: { log: (pointer: number) => onLog(exports.__getString(pointer)) },
  });
  return {
    exports: instance.exports,
    call(name, ...args) {
      const kernel = manifest.kernels.find((each) => each.name === name);
      if (kernel === undefined) throw new Error(`no kernel ${name}`);
      const lowered = args.map((arg, index) => lower(exports, manifest, kernel.params[index]!.type, arg));
      return lift(exports, kernel.returns, exports[name]!(...lowered));
    },
  };
}

function lower(exports: ASUtil, { runtimeIds }: Manifest, type: Type, value: unknown): unknown {
  if (type === "string") return exports.__newString(value as string);
  if (type === "ArrayBuffer") return exports.__newArrayBuffer(value as ArrayBuffer);
  if (!type.endsWith("Array")) return value;
  return exports.__newArray(runtimeIds[type]!, value as ArrayBufferView);
}

function lift(exports: ASUtil, type: Type, value: unknown): unknown {
  const pointer = value as number;
  if (type === "string") return exports.__getString(pointer);
  if (type === "ArrayBuffer") return exports.__getArrayBuffer(pointer);
  if (type === "bool") return value !== 0;
  if (type === "u32") return pointer >>> 0;
  if (!type.endsWith("Array")) return value;
  const getter = `__get${type.replace("Big", "")}` as "__getFloat64Array";
  return exports[getter](pointer);
}
