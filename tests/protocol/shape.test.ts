import {
  bytes,
  count,
  countFrom1,
  exactly,
  listOf,
  name,
  object,
  oneOf,
  record,
  type Shape,
  shortText,
  text,
  union,
} from "../../scheduler/protocol/shape.ts";
import { assert, suite, throwsCode } from "../support/index.ts";

const test = suite("protocol/shape");

/** The message of the refusal, whose data must hold this path. */
function refusal(shape: Shape<unknown>, value: unknown, path = "it"): string {
  const error = throwsCode(() => shape(value, "it"), "PROTOCOL_ERROR");
  assert.equal((error as unknown as { data: unknown }).data, { path });
  return error.message;
}

test("each shape gives back what fits", () => {
  const data = Uint8Array.of(1);
  assert.is(text("", "it"), "");
  assert.is(shortText("x".repeat(256), "it").length, 256);
  assert.is(name("a-B_9", "it"), "a-B_9");
  assert.is(count(0, "it"), 0);
  assert.is(count(Number.MAX_SAFE_INTEGER, "it"), Number.MAX_SAFE_INTEGER);
  assert.is(countFrom1(1, "it"), 1);
  assert.is(bytes(data, "it"), data);
  assert.equal(record({ a: 1 }, "it"), { a: 1 });
  assert.is(oneOf("a", "b")("b", "it"), "b");
  assert.is(exactly(true)(true, "it"), true);
  assert.equal(listOf(text)(["a"], "it"), ["a"]);
});

test("each shape says what it wants and what it got when it does not fit", () => {
  for (const shape of [text, shortText]) assert.is(refusal(shape, 5), "it must be a string, but is number 5");
  assert.is(
    refusal(shortText, "x".repeat(257)),
    `it must be at most 256 characters, but is string "${"x".repeat(39)}`,
  );
  assert.match(refusal(name, "a.b"), 'it must be 1 to 64 letters, digits, _ and -, but is string "a.b"');
  assert.match(refusal(name, "a\r\nPUB x 0"), "must be 1 to 64 letters");
  assert.is(refusal(count, -1), "it must be a whole number from 0, but is number -1");
  assert.is(refusal(count, 1.5), "it must be a whole number from 0, but is number 1.5");
  assert.is(refusal(count, 2 ** 53), "it must be a whole number from 0, but is number 9007199254740992");
  assert.is(refusal(countFrom1, 0), "it must be a whole number from 1, but is number 0");
  assert.is(refusal(count, 1n), "it must be a whole number from 0, but is bigint 1");
  assert.is(refusal(bytes, [1]), "it must be binary, but is a list");
  assert.is(refusal(record, Uint8Array.of(1)), "it must be a map, but is binary");
  assert.is(refusal(record, null), "it must be a map, but is null");
  assert.is(refusal(oneOf("a", "b"), "c"), 'it must be one of a, b, but is string "c"');
  assert.is(refusal(exactly(true), false), "it must be true, but is boolean false");
  assert.is(refusal(listOf(text), {}), "it must be a list, but is a map");
});

test("object() names the place of a fault", () => {
  const shape = object({ list: listOf(object({ id: text })) });
  assert.is(
    refusal(shape, { list: [{ id: "a" }, {}] }, "it.list[1].id"),
    "it.list[1].id must be a string, but is undefined",
  );
});

test("object() drops fields that it does not name, and optional ones that are null", () => {
  const shape = object({ a: count }, { b: text });
  assert.equal(shape({ a: 1, b: "x", c: 2 }, "it"), { a: 1, b: "x" });
  assert.equal(shape({ a: 1, b: null }, "it"), { a: 1 });
  assert.match(refusal(shape, { a: 1, b: 2 }, "it.b"), "must be a string");
});

test("union() takes the variant that kind names, and no inherited name", () => {
  const shape = union({ a: object({ kind: exactly("a"), x: count }), b: object({ kind: exactly("b") }) });
  assert.equal(shape({ kind: "a", x: 1 }, "it"), { kind: "a", x: 1 });
  assert.equal(shape({ kind: "b", x: 1 }, "it"), { kind: "b" });
  assert.match(refusal(shape, { kind: "a" }, "it.x"), "it.x must be");
  for (const kind of [undefined, 1, "c", "toString", "__proto__"]) {
    assert.match(refusal(shape, { kind }), "it.kind must be one of a, b, but is");
  }
});
