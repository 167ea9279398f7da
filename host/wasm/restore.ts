import { valueTypes, type WasmModule } from "../../scheduler/wasm/module.ts";
import { unsupported } from "../../scheduler/wasm/reject.ts";
import * as asm from "./assembler.ts";
import type { Layout } from "./layout.ts";

// How an instance is put back, by code of its own: a call from JavaScript for each global, and one to fill memory, take
// longer. For each mutable global there is one of the host's that holds its first value. No code of the module can name
// these, and values keep all of their bits.

/** Each is copied by straight code; programs of C++ and Rust have one to three, and those of AssemblyScript some ten. */
const mostMutableGlobals = 10_000;

/** Memory is looked at in blocks of so many bytes, 16 at a time. */
export const blockBytes = 256;
/** The state of an actor is told in blocks of so many. */
export const stateBlockBytes = 64;
const vectorBytes = 16;

/** The indices of the globals that a module can change. @throws WasmError when there are too many */
export function mutableGlobals({ globals }: WasmModule): number[] {
  const mutable = globals.flatMap(({ isMutable }, index) => (isMutable ? [index] : []));
  if (mutable.length <= mostMutableGlobals) return mutable;
  throw unsupported(`${mutable.length} mutable globals, where at most ${mostMutableGlobals} are taken`);
}

/** What holds the first values, as items of the section of globals. */
export const copiesOf = (module: WasmModule): number[][] =>
  mutableGlobals(module).map((index) => {
    const { type } = module.globals[index]!;
    return [type, 1, ...zeroOf(type), asm.end];
  });

function zeroOf(type: number): number[] {
  switch (type) {
    case valueTypes.i32:
      return asm.i32Const(0);
    case valueTypes.i64:
      return asm.i64Const(0);
    case valueTypes.f32:
      return [0x43, 0, 0, 0, 0];
    case valueTypes.f64:
      return [0x44, 0, 0, 0, 0, 0, 0, 0, 0];
    case valueTypes.v128:
      return [0xfd, 0x0c, ...new Array<number>(vectorBytes).fill(0)];
    default:
      return [0xd0, type];
  }
}

/** () → (): what the globals are now is what `restore` puts back. */
export const keep = (layout: Layout, module: WasmModule): number[] =>
  asm.body(
    [],
    ...mutableGlobals(module).map((index, nth) => [
      ...asm.globalGet(index),
      ...asm.globalSet(layout.firstCopy + nth),
    ]),
  );

/**
 * (from, how many pages memory had) → 1, or 0 when it has another number now. Puts globals back, forgets that memory
 * ran out, and zeroes memory from `from` on, a multiple of `blockBytes`. Most of it is zero mostly, and to see that
 * takes less time than to write it: two thirds for 64 KiB, of which 1 KiB was not. It takes a tenth more when none was.
 */
export function restore(layout: Layout, module: WasmModule): number[] {
  const globals = mutableGlobals(module).map((index, nth) => [
    ...asm.globalGet(layout.firstCopy + nth),
    ...asm.globalSet(index),
  ]);
  if (module.memories.length === 0) return asm.body([], ...globals, asm.i32Const(1));
  const [address, pages, zero] = [0, 1, 2];
  // In a memory of as many pages, its end; 4 GiB, which no end is, are not put back.
  const end = pages;
  return asm.body(
    [valueTypes.v128],
    [...asm.memorySize, ...asm.localGet(pages), asm.i32NotEqual, asm.when, asm.type.none],
    [...asm.i32Const(0), asm.leave, asm.end],
    ...globals,
    [...asm.i32Const(0), ...asm.globalSet(layout.outOfMemory)],
    [...asm.localGet(pages), ...asm.i32Const(16), asm.i32ShiftLeft, ...asm.localSet(end)],
    [asm.block, asm.type.none, asm.loop, asm.type.none],
    [...asm.localGet(address), ...asm.localGet(end), asm.i32Equal, ...asm.branchIf(1)],
    [...someBit(address, offsets), asm.when, asm.type.none, ...zeroBlock(address, zero), asm.end],
    [...asm.localGet(address), ...asm.i32Const(blockBytes), asm.i32Add, ...asm.localSet(address)],
    [...asm.branch(0), asm.end, asm.end],
    asm.i32Const(1),
  );
}

/**
 * (from, to) → where memory has the next bit that is set, from one address to another, both multiples of
 * `stateBlockBytes` and not the same: the address of a block of so many bytes, or `to` when there is none.
 */
export function nextUsed({ memories }: WasmModule): number[] {
  const [address, end] = [0, 1];
  if (memories.length === 0) return asm.body([], asm.localGet(end));
  return asm.body(
    [],
    [asm.block, asm.type.none, asm.loop, asm.type.none],
    [...someBit(address, offsets.slice(0, stateBlockBytes / vectorBytes)), ...asm.branchIf(1)],
    [...asm.localGet(address), ...asm.i32Const(stateBlockBytes), asm.i32Add, ...asm.localTee(address)],
    [...asm.localGet(end), asm.i32NotEqual, ...asm.branchIf(0)],
    [asm.end, asm.end],
    asm.localGet(address),
  );
}

const offsets = Array.from({ length: blockBytes / vectorBytes }, (_, nth) => nth * vectorBytes);

/** Whether any bit is set in the vectors at these offsets from the address. */
const someBit = (address: number, offsets: readonly number[]): number[] => [
  ...offsets.flatMap((offset, nth) => [
    ...[...asm.localGet(address), ...asm.v128Load(offset)],
    ...(nth === 0 ? [] : asm.v128Or),
  ]),
  ...asm.v128AnyTrue,
];

const zeroBlock = (address: number, zero: number): number[] =>
  offsets.flatMap((offset) => [...asm.localGet(address), ...asm.localGet(zero), ...asm.v128Store(offset)]);
