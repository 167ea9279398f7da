import type { WorkerModule } from "../../../host/worker/messages.ts";
import { type ScalarType, scalarTypes } from "../../../scheduler/protocol/manifest.ts";
import { prepared } from "../../../scripts/bench/worker.ts";
import type { Random } from "../../scheduler/seeds.ts";
import { assemble } from "../wasm/assemble.ts";
import { kernelOf } from "./open-runner.ts";

/** What WebAssembly has for each type. */
const wasmType = (type: ScalarType) =>
  type === "f32" || type === "f64" ? type : type === "i64" || type === "u64" ? "i64" : "i32";

/** Pairs of types of which a function of WebAssembly can take one and return the other. */
const pairs = scalarTypes.flatMap((from) =>
  scalarTypes.filter((to) => wasmType(from) === wasmType(to)).map((to) => [from, to] as const),
);

/** Bits that are changed on the way, so that what is returned is not always in the range of its type. */
const changed: Record<string, string> = {
  i32: "(i32.mul (local.get 0) (i32.const 0x01010103))",
  i64: "(i64.mul (local.get 0) (i64.const 0x0101010101010103))",
  f32: "(f32.mul (local.get 0) (f32.const 1.1))",
  f64: "(f64.mul (local.get 0) (f64.const 1.1))",
};

/**
 * A module with two kernels for each pair of types, which take one and return the other. `leaves_…` also counts its
 * calls in memory and in a global, and traps unless it is the first: so it needs a reset after each.
 */
export async function scalarModule(): Promise<WorkerModule> {
  const functions = [...new Set(scalarTypes.map(wasmType))].flatMap((type) => [
    `(func $${type} (param ${type}) (result ${type}) ${changed[type]})`,
    `(func $leaves_${type} (param ${type}) (result ${type})
      (if (i32.ne (i32.const 0) (i32.or (global.get $calls) (i32.load (i32.const 4096)))) (then (unreachable)))
      (global.set $calls (i32.const 1)) (i32.store (i32.const 4096) (i32.const 1)) ${changed[type]})`,
  ]);
  const names = pairs.flatMap(([from, to]) =>
    ["", "leaves_"].map((prefix) => ({ prefix, from, to, name: `${prefix}${from}_${to}` })),
  );
  const exported = names.map(
    ({ prefix, from, name }) => `(export "${name}" (func $${prefix}${wasmType(from)}))`,
  );
  const module = await prepared(
    assemble(`(module (memory 1) (global $calls (mut i32) (i32.const 0))
      ${functions.join("\n")} ${exported.join("\n")}
      (export "wrong" (func $i32)) (export "nothing" (func $nothing)) (func $nothing (param i32)))`),
  );
  const kernels = names.map(({ from, to, name }) => kernelOf(name, [from], to));
  // Manifests may lie about what is returned.
  kernels.push(kernelOf("wrong", ["i32"], "i64"), kernelOf("nothing", ["i32"], "void"));
  return { ...module, manifest: { ...module.manifest, kernels } };
}

/** Those that any type takes, and those that some or all refuse. */
const numbers = [0, -0, 1, -1, 0.5, 127, 128, -129, 255, 256, 32_768, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31];
const others = [2 ** 32 - 1, 2 ** 32, -(2 ** 31) - 1, 1e300, Number.NaN, Number.POSITIVE_INFINITY, 5e-324];
const bigints = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n];

/** Anything, most often a number. */
export function randomValue(random: Random): unknown {
  if (random.happens(0.4)) return random.pick(numbers);
  if (random.happens(0.3)) return random.pick(others);
  if (random.happens(0.3)) return Math.floor((random.next() - 0.5) * 300);
  if (random.happens(0.4)) return random.pick(bigints);
  if (random.happens(0.5)) return random.happens(0.5);
  return random.pick([undefined, null, "1", [1]]);
}
