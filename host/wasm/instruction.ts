import type { ByteReader } from "../../scheduler/wasm/byte-reader.ts";
import { isValueType } from "../../scheduler/wasm/module.ts";
import { malformed, unsupported } from "../../scheduler/wasm/reject.ts";
import { immediate, immediates } from "./opcodes.ts";

/** One instruction of a body; each `readInstruction` writes over it. */
export type Instruction = {
  /** As in `opcodes.ts`. */
  opcode: number;
  /** Where it begins. */
  at: number;
  /** Where its immediates begin. */
  immediateAt: number;
  /** The first immediate, if that is an index, an alignment, or a block type that is one. */
  index: number;
  /** What is added to an address. */
  offset: number;
};

/**
 * Reads the next instruction, whose immediates have the lengths that the engine will find.
 * @throws WasmError for an unknown opcode, or what does not fit
 */
export function readInstruction(reader: ByteReader, into: Instruction): void {
  into.at = reader.offset;
  let opcode = reader.u8();
  if (opcode >= 0xfc && opcode <= 0xfe) opcode = prefixed(reader, opcode);
  into.opcode = opcode;
  into.immediateAt = reader.offset;
  switch (immediates[opcode]) {
    case immediate.none:
      return;
    case immediate.index:
      into.index = reader.u32();
      return;
    case immediate.twoIndices:
      into.index = reader.u32();
      reader.u32();
      return;
    case immediate.memory:
      alignment(reader, into);
      into.offset = reader.u32();
      return;
    case immediate.memoryLane:
      alignment(reader, into);
      reader.u32();
      reader.skip(1);
      return;
    case immediate.blockType:
      into.index = blockType(reader);
      return;
    case immediate.branchTable:
      for (let left = reader.count() + 1; left > 0; left--) reader.u32();
      return;
    case immediate.i32:
      reader.skipLeb(5);
      return;
    case immediate.i64:
      reader.skipLeb(10);
      return;
    case immediate.oneByte:
      reader.skip(1);
      return;
    case immediate.heapType:
      valueType(reader);
      return;
    case immediate.fourBytes:
      reader.skip(4);
      return;
    case immediate.eightBytes:
      reader.skip(8);
      return;
    case immediate.sixteenBytes:
      reader.skip(16);
      return;
    case immediate.zero:
      zero(reader);
      return;
    case immediate.twoZeros:
      zero(reader);
      zero(reader);
      return;
    case immediate.indexZero:
      into.index = reader.u32();
      zero(reader);
      return;
    case immediate.types:
      for (let left = reader.count(); left > 0; left--) valueType(reader);
      return;
    default:
      throw unsupported(`opcode 0x${opcode.toString(16)} at byte ${into.at}`);
  }
}

function prefixed(reader: ByteReader, prefix: number): number {
  const at = reader.offset - 1;
  const second = reader.u32();
  if (second <= 0xff) return ((prefix - 0xfb) << 8) | second;
  throw unsupported(`opcode 0x${prefix.toString(16)} 0x${second.toString(16)} at byte ${at}`);
}

/** Passes over a type of values. Later engines know some of several bytes, so any other is refused. */
export function valueType(reader: ByteReader): void {
  const type = reader.u8();
  if (!isValueType(type)) throw unsupported(`the type 0x${type.toString(16)} at byte ${reader.offset - 1}`);
}

/** The block type of a block without parameters and results. */
const noValue = 0x40;

/** The index of a type, or −1 when the block has no parameters and at most one result. */
function blockType(reader: ByteReader): number {
  const at = reader.offset;
  const first = reader.u8();
  if (first < 0x40) return first;
  // One byte that is negative as a signed number stands for a type of values, or none.
  if (first === noValue || isValueType(first)) return -1;
  if (first < 0x80) throw unsupported(`the block type 0x${first.toString(16)} at byte ${at}`);
  let value = first & 0x7f;
  for (let shift = 7; shift <= 28; shift += 7) {
    const byte = reader.u8();
    value |= (byte & 0x7f) << shift;
    // The last has its sign bit clear: the index is no negative number, and fits 32 bits.
    if (byte < 0x80) {
      if (byte >= (shift === 28 ? 0x10 : 0x40)) break;
      return value >>> 0;
    }
  }
  throw malformed(at, "a block type that is none");
}

/** An alignment above 31 would say that more immediates follow. */
function alignment(reader: ByteReader, into: Instruction): void {
  const at = reader.offset;
  into.index = reader.u32();
  if (into.index > 31) throw malformed(at, "an alignment that is none");
}

function zero(reader: ByteReader): void {
  const at = reader.offset;
  if (reader.u8() !== 0) throw malformed(at, "the index of a memory other than 0");
}
