export type ScalarName = "f32" | "i32" | "u32" | "f16" | "bool";

/** The type of a variable as its bytes lie in memory. */
export type Shape =
  | { kind: "scalar"; scalar: ScalarName; byteLength: number }
  /** A vector or matrix: `rows` numbers in each of `columns`, which begin `columnStride` bytes apart. */
  | {
      kind: "vector";
      scalar: ScalarName;
      rows: number;
      columns: number;
      columnStride: number;
      byteLength: number;
      name: string;
    }
  /** Of a runtime array, `count` is 0. */
  | { kind: "array"; item: Shape; count: number; stride: number; byteLength: number }
  | { kind: "struct"; name: string; members: Member[]; byteLength: number };

export type Member = { name: string; offset: number; shape: Shape };

/** What a binding of the type takes at least: a runtime array has one item. */
export function leastBytes(shape: Shape): number {
  if (shape.kind === "array" && shape.count === 0) return shape.stride;
  if (shape.kind !== "struct") return shape.byteLength;
  const last = shape.members.at(-1);
  return last?.shape.kind === "array" && last.shape.count === 0
    ? Math.max(shape.byteLength, last.offset + last.shape.stride)
    : shape.byteLength;
}

/** As WGSL says it. */
export function nameOf(shape: Shape): string {
  if (shape.kind === "scalar") return shape.scalar;
  if (shape.kind !== "array") return shape.name;
  return `array<${nameOf(shape.item)}${shape.count === 0 ? "" : `, ${shape.count}`}>`;
}

/** The scalar that all of it consists of, if it is one. */
export function scalarOf(shape: Shape): ScalarName | undefined {
  if (shape.kind === "array") return scalarOf(shape.item);
  if (shape.kind !== "struct") return shape.scalar;
  const scalars = new Set(shape.members.map(({ shape: member }) => scalarOf(member)));
  return scalars.size === 1 ? [...scalars][0] : undefined;
}
