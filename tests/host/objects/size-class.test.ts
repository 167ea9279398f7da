import { classAtLeast, classAtMost } from "../../../host/objects/size-class.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("size classes");

const sizes = [1, 8191, 8192, 8193, 10_240, 10_241, 65_536, 65_537, 2 ** 26 - 1, 2 ** 26, 2 ** 33 + 1];

test("classAtLeast() has room, and wastes at most a quarter of what is larger than the least", () => {
  for (const size of sizes) {
    const found = classAtLeast(size);
    assert.ok(found >= size, `${size}`);
    if (size > 8192) assert.ok(found <= size * 1.25, `${size}`);
  }
});

test("both agree on what a class is", () => {
  for (const size of sizes) {
    const found = classAtLeast(size);
    assert.is(classAtLeast(found), found);
    assert.is(classAtMost(found), found);
    assert.is(classAtMost(found + 1), found);
    assert.ok(classAtMost(found - 1) < found);
  }
});
