import { signed, unsigned } from "../../scheduler/wasm/leb128.ts";

// The few instructions that the host itself writes, each as its bytes.

export const type = { none: 0x40, i32: 0x7f, i64: 0x7e } as const;

export const localGet = (index: number): number[] => [0x20, ...unsigned(index)];
export const localSet = (index: number): number[] => [0x21, ...unsigned(index)];
export const localTee = (index: number): number[] => [0x22, ...unsigned(index)];
export const globalGet = (index: number): number[] => [0x23, ...unsigned(index)];
export const globalSet = (index: number): number[] => [0x24, ...unsigned(index)];
export const call = (index: number): number[] => [0x10, ...unsigned(index)];
export const i32Const = (value: number): number[] => [0x41, ...signed(value)];
/** Of a value that fits 32 bits. */
export const i64Const = (value: number): number[] => [0x42, ...signed(value)];
export const branch = (depth: number): number[] => [0x0c, depth];
export const branchIf = (depth: number): number[] => [0x0d, depth];

export const unreachable = 0x00;
export const block = 0x02;
export const loop = 0x03;
export const when = 0x04;
export const otherwise = 0x05;
export const attempt = 0x06;
export const end = 0x0b;
export const leave = 0x0f;
export const catchAll = 0x19;
export const select = 0x1b;
export const memorySize = [0x3f, 0x00];
export const memoryGrow = [0x40, 0x00];
export const memoryCopy = [0xfc, 0x0a, 0x00, 0x00];
export const memoryFill = [0xfc, 0x0b, 0x00];
export const i32EqualZero = 0x45;
export const i32Equal = 0x46;
export const i32NotEqual = 0x47;
export const i32LessSigned = 0x48;
export const i32GreaterUnsigned = 0x4b;
export const i32LessEqualSigned = 0x4c;
export const i32LessEqualUnsigned = 0x4d;
export const i64LessSigned = 0x53;
export const i64GreaterUnsigned = 0x56;
export const i32Add = 0x6a;
export const i32Subtract = 0x6b;
export const i32Multiply = 0x6c;
export const i32ShiftLeft = 0x74;
export const i32ShiftRightUnsigned = 0x76;
export const i64Add = 0x7c;
export const i64Subtract = 0x7d;
export const i64ShiftLeft = 0x86;
export const i64ExtendUnsigned = 0xad;
export const v128Load = (offset: number): number[] => [0xfd, 0x00, 0, ...unsigned(offset)];
export const v128Store = (offset: number): number[] => [0xfd, 0x0b, 0, ...unsigned(offset)];
export const v128Or = [0xfd, 0x50];
export const v128AnyTrue = [0xfd, 0x53];

/** Bytes of a body: the locals after the parameters, each of one type, and the code less its `end`. */
export function body(locals: readonly number[], ...code: (number | readonly number[])[]): number[] {
  const groups = locals.flatMap((local) => [1, local]);
  const bytes = [...unsigned(locals.length), ...groups, ...code.flat(), end];
  return [...unsigned(bytes.length), ...bytes];
}
