import { unsigned } from "../../scheduler/wasm/leb128.ts";
import * as asm from "./assembler.ts";

// A module of the host's own that reduces one array into another: a function for each type of elements and operation,
// which are loops that differ by an instruction. JavaScript takes ten times as long for most types, and has none for
// 64-bit integers that makes no object for each.

export const reductions = ["sum", "prod", "min", "max"] as const;
export type Reduction = (typeof reductions)[number];

export const elementTypes = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64"] as const;
export type ElementType = (typeof elementTypes)[number];

/** What the module exports beside its memory: (target, source, bytes) → (), which works on whole vectors. */
export type Reductions = Record<
  `${Reduction} ${ElementType}`,
  (to: number, from: number, bytes: number) => void
>;

export const vectorBytes = 16;

/** How one step of a loop loads, works, and stores. */
type Lane = { load: number[]; work: number[]; store: number[]; bytes: number };

const vector = (opcode: number): Lane => ({
  load: asm.v128Load(0),
  work: [0xfd, ...unsigned(opcode)],
  store: asm.v128Store(0),
  bytes: vectorBytes,
});

/** For bytes, there is no product of vectors. */
const byteProduct: Lane = {
  load: [0x2d, 0, 0],
  work: [asm.i32Multiply],
  store: [0x3a, 0, 0],
  bytes: 1,
};

/** Of 64-bit integers, there is no lesser one of vectors: the first when `compares` says so, else the second. */
const longChoice = (compares: number): Lane => ({
  load: [0x29, 0, 0],
  work: [...asm.localSet(second), ...asm.localTee(first), ...asm.localGet(second)].concat(
    ...[asm.localGet(first), asm.localGet(second), [compares], [asm.select]],
  ),
  store: [0x37, 0, 0],
  bytes: 8,
});

const [to, from, until, first, second] = [0, 1, 2, 3, 4];

/** The operations in the order of `reductions`; integers wrap around, and a NaN is the least and the greatest. */
const lanes: Record<ElementType, readonly Lane[]> = {
  i8: [vector(0x6e), byteProduct, vector(0x76), vector(0x78)],
  u8: [vector(0x6e), byteProduct, vector(0x77), vector(0x79)],
  i16: [0x8e, 0x95, 0x96, 0x98].map(vector),
  u16: [0x8e, 0x95, 0x97, 0x99].map(vector),
  i32: [0xae, 0xb5, 0xb6, 0xb8].map(vector),
  u32: [0xae, 0xb5, 0xb7, 0xb9].map(vector),
  i64: [vector(0xce), vector(0xd5), longChoice(asm.i64LessSigned), longChoice(0x55)],
  u64: [vector(0xce), vector(0xd5), longChoice(0x54), longChoice(asm.i64GreaterUnsigned)],
  f32: [0xe4, 0xe6, 0xe8, 0xe9].map(vector),
  f64: [0xf0, 0xf2, 0xf4, 0xf5].map(vector),
};

/** The loop over two arrays. */
const reduce = ({ load, work, store, bytes }: Lane): number[] =>
  asm.body(
    [asm.type.i64, asm.type.i64],
    ...[asm.localGet(to), asm.localGet(until), asm.i32Add, asm.localSet(until)],
    ...[asm.block, asm.type.none, asm.loop, asm.type.none],
    ...[asm.localGet(to), asm.localGet(until), 0x4f, asm.branchIf(1)],
    ...[asm.localGet(to), asm.localGet(to), load, asm.localGet(from), load, work, store],
    ...[asm.localGet(to), asm.i32Const(bytes), asm.i32Add, asm.localSet(to)],
    ...[asm.localGet(from), asm.i32Const(bytes), asm.i32Add, asm.localSet(from)],
    ...[asm.branch(0), asm.end, asm.end],
  );

/** The module. @param pages how much memory it has, in pages of 64 KiB */
export function assembleReductions(pages: number): Uint8Array<ArrayBuffer> {
  const functions = elementTypes.flatMap((type) =>
    reductions.map((reduction, index) => ({
      name: `${reduction} ${type}`,
      code: reduce(lanes[type][index]!),
    })),
  );
  const section = (id: number, items: readonly number[][]) => {
    const bytes = [...unsigned(items.length), ...items.flat()];
    return [id, ...unsigned(bytes.length), ...bytes];
  };
  const named = (name: string, kind: number, index: number) => {
    const text = [...new TextEncoder().encode(name)];
    return [...unsigned(text.length), ...text, kind, ...unsigned(index)];
  };
  const i32 = asm.type.i32;
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [[0x60, 3, i32, i32, i32, 0]]),
    ...section(
      3,
      functions.map(() => [0]),
    ),
    ...section(5, [[1, ...unsigned(pages), ...unsigned(pages)]]),
    ...section(7, [named("memory", 2, 0), ...functions.map(({ name }, index) => named(name, 0, index))]),
    ...section(
      10,
      functions.map(({ code }) => code),
    ),
  ]);
}
