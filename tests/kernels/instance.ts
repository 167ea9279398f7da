import { instantiateSync } from "@assemblyscript/loader";
import { lift, lowerAll } from "../../host/worker/values.ts";
import { defaultLimits } from "../../scheduler/protocol/limits.ts";
import { actorExport } from "../../scheduler/protocol/manifest.ts";
import type { Compiled } from "./asc.ts";

type Functions = Record<string, (...args: unknown[]) => number | bigint>;

/** An instance of a module and a way to call its kernels, and what stands for its actors, with JavaScript's values. */
export type Instance = {
  exports: WebAssembly.Exports;
  call(kernel: string, ...args: unknown[]): unknown;
};

/** Instantiates a module with the loader, as a host does, and moves values by the manifest alone. */
export function instantiate(
  { wasm, manifest }: Compiled,
  onLog: (line: string) => void = () => {},
  maxResultBytes = defaultLimits.maxResultBytes,
): Instance {
  const ofActors = (manifest.actors ?? []).flatMap(({ name, create, methods }) =>
    [create, ...methods].map((called) => ({ ...called, name: actorExport(name, called.name) })),
  );
  const { instance, exports } = instantiateSync<Functions>(wasm, {
    wray: { log: (pointer: number) => onLog(exports.__getString(pointer)) },
  });
  return {
    exports: instance.exports,
    call(name, ...args) {
      const kernel = [...manifest.kernels, ...ofActors].find((each) => each.name === name);
      if (kernel === undefined) throw new Error(`no kernel ${name}`);
      const types = kernel.params.map(({ type }) => type);
      const raw = exports[name]!(...lowerAll(exports, manifest, types, args));
      const value = lift(exports, manifest, kernel.returns, raw, maxResultBytes);
      // A view would change with the next call.
      return ArrayBuffer.isView(value) ? (value as Uint8Array).slice() : value;
    },
  };
}
