import { decodeValue, encodeValue, refIdsOf } from "../../scheduler/protocol/value.ts";
import { forSeeds, type Random } from "../scheduler/seeds.ts";
import { assert, suite, throwsCode } from "../support/index.ts";

const test = suite("protocol/value, refs");

/** A ref as the codec knows it: an object that the hook has an id for. */
class Ref {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

const refs = {
  idOf: (value: object) => (value instanceof Ref ? value.id : undefined),
  refOf: (id: string) => new Ref(id),
};

test("encodeValue() and decodeValue() keep refs in arrays, in objects and alone", () => {
  for (const value of [
    new Ref("a-1"),
    [new Ref("a-1"), 1, "b", new Ref("")],
    {
      list: [[new Ref("a-1")], { x: new Ref("ß→😀\ufeff") }],
      array: Float64Array.of(1),
      long: new Ref("x".repeat(70_000)),
    },
    ...[1, 2, 4, 8, 16].map((length) => [new Ref("i".repeat(length))]),
  ]) {
    const decoded = decodeValue(encodeValue(value, refs), refs);
    assert.equal(decoded, value);
  }
});

test("encodeValue() refuses a ref without the hook, and other instances with it", () => {
  for (const value of [new Ref("a"), [new Ref("a")]]) {
    assert.match(throwsCode(() => encodeValue(value), "INVALID_TASK").message, "an instance of Ref");
  }
  throwsCode(() => encodeValue([new Map()], refs), "INVALID_TASK");
});

test("decodeValue() throws ProtocolError for a ref without the hook, and names the ref", () => {
  const { message } = throwsCode(
    () => decodeValue(encodeValue({ a: new Ref("a-1") }, refs)),
    "PROTOCOL_ERROR",
  );
  assert.match(message, "a ref of another object, a-1,");
});

test("refIdsOf() lists each id once, also of bytes in shared memory", () => {
  const value = { a: new Ref("a-1"), b: [new Ref("b-2"), new Ref("a-1"), 5n, Int8Array.of(1)], c: "a-3" };
  const encoded = encodeValue(value, refs);
  const shared = new Uint8Array(new SharedArrayBuffer(encoded.byteLength + 3), 3);
  shared.set(encoded);
  for (const bytes of [encoded, shared]) assert.equal(refIdsOf(bytes), ["a-1", "b-2"]);
});

test("refIdsOf() is empty for a value without refs", () => {
  for (const value of [undefined, null, 1, "a", [1, 2], [], { a: [1n] }, Uint8Array.of(0xd4, 2, 65)]) {
    assert.equal(refIdsOf(encodeValue(value, refs)), []);
  }
  assert.equal(refIdsOf(new Uint8Array()), []);
});

test("refIdsOf() throws ProtocolError when an extension is cut short, or its id is no text", () => {
  const whole = encodeValue([new Ref("a-1")], refs);
  throwsCode(() => refIdsOf(whole.subarray(0, -1)), "PROTOCOL_ERROR");
  const odd = whole.slice();
  odd.fill(0xff, -1);
  throwsCode(() => refIdsOf(odd), "PROTOCOL_ERROR");
  throwsCode(() => decodeValue(odd, refs), "PROTOCOL_ERROR");
});

test("refIdsOf() lists what decodeValue() asks for, whatever the value", () => {
  forSeeds(1_000, (random) => {
    const encoded = encodeValue(anyValue(random, 4), refs);
    const asked = new Set<string>();
    decodeValue(encoded, { refOf: (id) => asked.add(id) });
    assert.equal(refIdsOf(encoded), [...asked]);
  });
});

test("refIdsOf() lists at least the same, or throws ProtocolError, when bytes are changed", () => {
  const encoded = encodeValue({ a: new Ref("a-1"), b: [1, "x", new Ref("bb"), [1, 2]], c: 5n }, refs);
  forSeeds(5_000, (random) => {
    const bytes = encoded.slice(0, random.happens(0.2) ? random.below(encoded.length) : undefined);
    for (let change = 1 + random.below(3); change > 0 && bytes.length > 8; change--) {
      bytes[8 + random.below(bytes.length - 8)] = random.below(256);
    }
    const asked = new Set<string>();
    try {
      decodeValue(bytes, { refOf: (id) => asked.add(id) });
    } catch (error) {
      assert.is((error as { code?: string }).code, "PROTOCOL_ERROR");
      return;
    }
    for (const id of asked) assert.ok(refIdsOf(bytes).includes(id));
  });
});

function anyValue(random: Random, depth: number): unknown {
  const children = () => Array.from({ length: random.below(5) }, () => anyValue(random, depth - 1));
  switch (random.below(depth > 0 ? 7 : 4)) {
    case 0:
      return new Ref("r".repeat(random.below(40)));
    case 1:
      return random.pick([null, 1.5, "text", "\ud800", -0, 7n]);
    case 2:
      return Uint8Array.from({ length: random.below(9) }, () => random.below(256));
    case 3:
      return [1, 2, 3];
    case 4:
    case 5:
      return children();
    default:
      return Object.fromEntries(children().map((child, index) => [`k${index}`, child]));
  }
}
