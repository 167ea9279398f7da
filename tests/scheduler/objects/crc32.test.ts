import { crc32, slowCrc32 } from "../../../scheduler/objects/crc32.ts";
import { forSeeds } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("objects/crc32");

test("crc32() and slowCrc32() give the check value of CRC-32", () => {
  const digits = new TextEncoder().encode("123456789");
  assert.is(crc32(digits), 0xcbf43926);
  assert.is(slowCrc32(digits), 0xcbf43926);
  assert.is(slowCrc32(new Uint8Array()), 0);
});

test("crc32() and slowCrc32() agree on random bytes, shared or not", () => {
  forSeeds(200, (random) => {
    const length = random.below(300);
    const bytes = new Uint8Array(
      random.happens(0.5) ? new SharedArrayBuffer(length) : new ArrayBuffer(length),
    );
    for (let index = 0; index < length; index++) bytes[index] = random.below(256);
    assert.is(crc32(bytes), slowCrc32(bytes));
  });
});
