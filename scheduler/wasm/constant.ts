import type { ByteReader } from "./byte-reader.ts";
import { isReferenceType } from "./module.ts";
import { unsupported } from "./reject.ts";

/**
 * Passes over a constant expression, its `end` included.
 * @param onFunction gets where the index of a function stands, and the index
 */
export function skipConstant(
  reader: ByteReader,
  onFunction?: (at: number, functionIndex: number) => void,
): void {
  while (true) {
    const opcode = reader.u8();
    switch (opcode) {
      case 0x0b: // end
        return;
      case 0x23: // global.get
        reader.u32();
        break;
      case 0x41: // i32.const
        reader.skipLeb(5);
        break;
      case 0x42: // i64.const
        reader.skipLeb(10);
        break;
      case 0x43: // f32.const
        reader.skip(4);
        break;
      case 0x44: // f64.const
        reader.skip(8);
        break;
      case 0x6a: // i32.add, and the other five that extended constant expressions have
      case 0x6b:
      case 0x6c:
      case 0x7c:
      case 0x7d:
      case 0x7e:
        break;
      case 0xd0: {
        // ref.null
        const type = reader.u8();
        if (!isReferenceType(type)) throw unsupported(`references of type 0x${type.toString(16)}`);
        break;
      }
      case 0xd2: {
        // ref.func
        const at = reader.offset;
        const index = reader.u32();
        onFunction?.(at, index);
        break;
      }
      case 0xfd:
        if (reader.u32() !== 12) throw unsupported("a vector instruction in a constant expression");
        reader.skip(16);
        break;
      default:
        throw unsupported(`opcode 0x${opcode.toString(16)} in a constant expression`);
    }
  }
}
