import type { ScalarType } from "../../scheduler/protocol/manifest.ts";

/** The number in a field of this type, as JavaScript has it outside. */
export function readField(view: DataView, type: ScalarType, at: number): number | bigint | boolean {
  switch (type) {
    case "bool":
      return view.getUint8(at) !== 0;
    case "i8":
      return view.getInt8(at);
    case "u8":
      return view.getUint8(at);
    case "i16":
      return view.getInt16(at, true);
    case "u16":
      return view.getUint16(at, true);
    case "i32":
      return view.getInt32(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "i64":
      return view.getBigInt64(at, true);
    case "u64":
      return view.getBigUint64(at, true);
    case "f32":
      return view.getFloat32(at, true);
    case "f64":
      return view.getFloat64(at, true);
  }
}

/** Sets a field of this type to a number, as a kernel takes it. */
export function writeField(view: DataView, type: ScalarType, at: number, raw: number | bigint): void {
  switch (type) {
    case "bool":
    case "i8":
    case "u8":
      view.setUint8(at, raw as number);
      break;
    case "i16":
    case "u16":
      view.setUint16(at, raw as number, true);
      break;
    case "i32":
    case "u32":
      view.setUint32(at, raw as number, true);
      break;
    case "i64":
    case "u64":
      view.setBigUint64(at, BigInt.asUintN(64, raw as bigint), true);
      break;
    case "f32":
      view.setFloat32(at, raw as number, true);
      break;
    case "f64":
      view.setFloat64(at, raw as number, true);
      break;
  }
}
