import type { KernelSignature, Type } from "../../scheduler/protocol/manifest.ts";
import type { Ending } from "./attack.ts";

// Manifests as an attacker writes them: they may say anything of any module.

/** What modules of these manifests are called; a name that no honest module has. */
const name = "attack-forged";

const kernel = (name: string, params: Type[] = [], returns: Type = "void"): KernelSignature => ({
  ...{ name, returns, file: "forged.wat", line: 1 },
  params: params.map((type, index) => ({ name: `p${index}`, type })),
});

const manifest = (kernels: unknown[], others: object = {}) => ({
  ...{ version: 1, module: name, kernels, classes: {}, runtimeIds: {}, ...others },
});

/** Says that no checks are to be inserted into a module of kernels without parameters. */
export const unpreempted = (kernels: readonly string[]) =>
  manifest(
    kernels.map((name) => kernel(name)),
    { preempt: false },
  );

/** So that class 1 is whatever the result is said to be. */
const ofResult = (name: string, returns: Type, classes: object = {}) =>
  manifest([kernel(name, ["i32"], returns)], {
    classes,
    runtimeIds: {
      string: 1,
      ArrayBuffer: 1,
      Float64Array: 1,
      "Array<Array<f64>>": 1,
      "Array<f64>": 1,
      Thing: 1,
    },
  });

const thing = (field: string, type: Type, offset: number, bytes = 16) => ({
  Thing: { bytes, fields: [{ name: field, type, offset }] },
});

/** What `results.wat` returns, as what: by what is wrong with that, with the kernel that returns it. */
export const ofResults: Record<string, [kernel: string, manifest: object]> = {
  "a text": ["as_string", ofResult("as_string", "string")],
  floats: ["as_floats", ofResult("as_floats", "Float64Array")],
  "lists of lists": ["as_lists", ofResult("as_lists", { array: { array: "f64" } })],
  "an object": [
    "as_object",
    ofResult("as_object", { object: "Thing" }, thing("next", { object: "Thing" }, 0)),
  ],
};

/** Functions of `results.wat` whose results are of another type than the manifest says. */
export const ofOtherTypes: Record<string, [kernel: string, manifest: object]> = {
  "an i64 as a number": ["as_number", ofResult("as_number", "f64")],
  "an i64 as a text": ["as_number", ofResult("as_number", "string")],
  "two numbers": ["pair", ofResult("pair", "f64")],
  "a reference": ["reference", ofResult("reference", "f64")],
};

/** For `results.wat`, whose `__new` returns no address. */
export const ofText = manifest([kernel("takes_string", ["string"], "i32")], { runtimeIds: { string: 1 } });

/** A manifest as text, because no program writes types in types that are so deep. */
const deep = (depth: number): string =>
  JSON.stringify(manifest([kernel("spin", [], "f64")])).replace(
    '"returns":"f64"',
    () => `"returns":${'{"array":'.repeat(depth)}"f64"${"}".repeat(depth)}`,
  );

/** A manifest for `loops.wat`, with the kernel that is called and how that may end. */
export type Lie = { manifest: unknown; kernel: string; expects: readonly Ending[] };
const lie = (manifest: unknown, kernel: string, ...expects: Ending[]): Lie => ({ manifest, kernel, expects });
const ofSpin = (others: object) => manifest([kernel("spin")], others);

export const lies: Record<string, Lie> = {
  "a kernel that is not there": lie(manifest([kernel("nowhere")]), "nowhere", "KERNEL_NOT_FOUND"),
  "a kernel of the prototype": lie(manifest([kernel("toString")]), "toString", "KERNEL_NOT_FOUND"),
  "a kernel that is the host's": lie(manifest([kernel("__wray_keep")]), "__wray_keep", "KERNEL_NOT_FOUND"),
  "a kernel that is no function's name": lie(manifest([kernel("../spin")]), "../spin", "KERNEL_NOT_FOUND"),
  "fewer parameters than there are": lie(manifest([kernel("recurse")]), "recurse", "STACK_OVERFLOW"),
  "parameters of another type": lie(manifest([kernel("recurse_by_turns")]), "recurse_by_turns", "TASK_ERROR"),
  "globals that are not there": lie(ofSpin({ globals: ["nowhere", "__proto__"] }), "spin", "TASK_TIMEOUT"),
  "another version": lie(ofSpin({ version: 2 }), "spin", "MODULE_REJECTED"),
  "a name that is a path": lie(ofSpin({ module: "../../math" }), "spin", "MODULE_REJECTED"),
  "the name of a shipped module": lie(ofSpin({ module: "math" }), "spin", "TASK_TIMEOUT"),
  "the name __proto__": lie(ofSpin({ module: "__proto__" }), "spin", "TASK_TIMEOUT"),
  "types in types, too deep": lie(deep(100_000), "spin", "MODULE_REJECTED"),
  "a class __proto__": lie(
    ofSpin({ classes: JSON.parse('{"__proto__": {"bytes": 8, "fields": []}}') }),
    "spin",
    ...(["TASK_TIMEOUT", "MODULE_REJECTED"] as const),
  ),
  "a field far away": lie(
    ofResult("spin", { object: "Thing" }, thing("far", "f64", 4_000_000_000)),
    ...(["spin", "MODULE_REJECTED"] as const),
  ),
  "a field __proto__": lie(
    ofResult("spin", { object: "Thing" }, thing("__proto__", { object: "Thing" }, 0)),
    ...(["spin", "MODULE_REJECTED"] as const),
  ),
  "a class that is not there": lie(ofResult("spin", { object: "constructor" }), "spin", "MODULE_REJECTED"),
  "no list of kernels": lie(ofSpin({ kernels: { length: 1e9 } }), "spin", "MODULE_REJECTED"),
  nothing: lie(null, "spin", "MODULE_REJECTED"),
};

const encoded = (tag: number, ...payload: number[]) => Uint8Array.of(tag, 0, 0, 0, 0, 0, 0, 0, ...payload);
/** Lists in lists, in MessagePack. */
const nestedLists = new Uint8Array(100_000).fill(0x91);
nestedLists.set(encoded(32));

/** Bytes in the place of an encoded text. */
export const noTexts: Record<string, Uint8Array> = {
  "no bytes at all": new Uint8Array(),
  "half a header": Uint8Array.of(6, 0, 0),
  "an unknown tag": encoded(200, 1, 2, 3),
  "half a unit of a text": encoded(6, 65, 0, 66),
  "a list of four billion": encoded(32, 0xdd, 0xff, 0xff, 0xff, 0xff),
  "lists in lists, a hundred thousand deep": nestedLists,
  "a map with the key __proto__": encoded(32, 0x81, 0xa9, ...new TextEncoder().encode("__proto__"), 0xc0),
  "half a number": encoded(3, 0, 0, 0),
  "a number": encoded(3, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f),
};
