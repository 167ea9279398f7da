import { scalarTypes, typedArrayNames } from "../../scheduler/protocol/manifest.ts";
import type { Class } from "./compiler.ts";
import { shownName } from "./obstacle.ts";

/** Names that mean something else in a manifest, or that JavaScript gives no field. */
const reserved = new Set<string>([
  ...scalarTypes,
  ...typedArrayNames,
  ...["void", "string", "ArrayBuffer", "Array", "StaticArray", "null", "__proto__"],
]);

/**
 * A class's name in the manifest: an identifier, as types for TypeScript are made of it. `Pair<f64>` is `Pair_f64`, and
 * of two classes of one name, from two files, the second is `Point_2`.
 */
export function uniqueClassName({ name }: Class, taken: ReadonlySet<string>): string {
  const readable = shownName(name)
    .replaceAll(/[^\p{ID_Continue}$]+/gu, "_")
    .replace(/_$/, "");
  const isTaken = (candidate: string) => taken.has(candidate) || reserved.has(candidate);
  let unique = readable;
  for (let count = 2; isTaken(unique); count++) unique = `${readable}_${count}`;
  return unique;
}
