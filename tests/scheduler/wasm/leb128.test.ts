import { ByteReader } from "../../../scheduler/wasm/byte-reader.ts";
import { signed, unsigned, unsignedLength } from "../../../scheduler/wasm/leb128.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds } from "../seeds.ts";

const test = suite("wasm/leb128");

test("unsigned() gives what ByteReader.u32() reads, and unsignedLength() its length", () => {
  const check = (value: number) => {
    const bytes = unsigned(value);
    const reader = new ByteReader(Uint8Array.from(bytes));
    assert.is(reader.u32(), value);
    assert.ok(reader.isAtEnd);
    assert.is(unsignedLength(value), bytes.length);
  };
  for (let bits = 0; bits <= 32; bits++) {
    for (const value of [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]) if (value < 2 ** 32) check(value);
  }
  forSeeds(1_000, ({ below }) => check(Math.floor(below(2 ** 32) / 2 ** below(32))));
});

test("signed() gives what an engine reads", () => {
  const read = (value: number) => {
    const code = [0, 0x41, ...signed(value), 0x0b];
    const bytes = Uint8Array.of(
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0],
      ...[10, code.length + 2, 1, code.length, ...code],
    );
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    return (exports.f as () => number)();
  };
  for (const value of [0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8192, -8193, 2 ** 31 - 1, -(2 ** 31)]) {
    assert.is(read(value), value);
  }
});
