import type { LoadedModule } from "../../../host/modules.ts";
import { type Encoded, encodeValue } from "../../../scheduler/protocol/value.ts";

// What the kernels of the simulation make of their arguments: whoever submits a task can say what has to come of it.

export const kernels = ["small", "text", "large", "fails", "witness", "nested", "items"] as const;
export type KernelName = (typeof kernels)[number];

export const sha256 = "5".repeat(64);

/** The module, as a host has it once it is loaded. */
export const module: LoadedModule = {
  ...{ sha256, stateless: [], isReusable: true, memory: undefined, needs: ["submit"] },
  wasm: new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)),
  manifest: { version: 1, module: "sim", kernels: [], classes: {}, runtimeIds: {} },
  translation: { originalOffset: (offset) => offset, originalFunctionIndex: (index) => index },
};

const [offset, prime] = [0x811c9dc5, 0x01000193];
const numberTag = 3;

/** A value as a number from 0 to below 2^31. A number is the same whether it is encoded or not. */
export function digestOf(value: Encoded): number {
  if (typeof value === "number") return value;
  if (value[0] === numberTag) return new DataView(value.buffer, value.byteOffset).getFloat64(8, true);
  let hash = offset ^ value.byteLength;
  // Word by word, as far as there are whole ones.
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const end = value.byteLength - 3;
  for (let at = 0; at < end; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), prime);
  for (let at = value.byteLength & ~3; at < value.byteLength; at++)
    hash = Math.imul(hash ^ value[at]!, prime);
  return hash >>> 1;
}

export function mix(digests: readonly number[]): number {
  let hash = offset;
  for (const digest of digests) hash = Math.imul(hash ^ digest, prime);
  return hash >>> 1;
}

/** So many bytes that follow from a number, encoded. */
export function largeOf(byteLength: number, seed: number): Uint8Array {
  const words = new Int32Array(byteLength / 4);
  let state = seed | 1;
  for (let at = 0; at < words.length; at++) {
    state = Math.imul(state, 0x9e3779b1) + 0x7f4a7c15;
    words[at] = state;
  }
  return encodeValue(words);
}

/** The values of the items of a task; every third is too large to travel with a message. */
export const itemOf = (seed: number, index: number): Encoded =>
  index % 3 === 2 ? largeOf(12_000, seed + index) : (seed + index) >>> 1;

/**
 * The result of a kernel, of arguments by their digests.
 * @throws for one that has no result, or another one each time
 */
export function resultOf(kernel: KernelName, digests: readonly number[]): Encoded {
  switch (kernel) {
    case "small":
      return mix(digests);
    case "text":
      return encodeValue(`${mix(digests)}`);
    case "large":
      return largeOf(10_000 + (mix(digests) % 10) * 4_000, mix(digests));
    case "nested":
      return mix([mix(digests), 1]);
    case "items":
      return mix(digests);
    default:
      throw new Error(`nobody can say what ${kernel} gives`);
  }
}

export const sameValue = (one: Encoded, other: Encoded): boolean =>
  typeof one === "number" && typeof other === "number" ? one === other : digestOf(one) === digestOf(other);
