import { decode, Encoder, encode } from "@msgpack/msgpack";
import {
  encodeReply,
  type Format,
  formatOf,
  maxSubmitBytes,
  parseSubmit,
} from "../../scheduler/protocol/submit.ts";
import { forSeeds } from "../scheduler/seeds.ts";
import { assert, suite, throwsCode } from "../support/index.ts";

const test = suite("protocol/submit");

const utf8 = (text: string) => new TextEncoder().encode(text);
const json = (value: unknown) => utf8(JSON.stringify(value));
const parse = (payload: Uint8Array) => parseSubmit(payload, formatOf(payload));
const add = { kernel: "math/add", args: [1, 2] };
const refusal = (payload: Uint8Array, code = "PROTOCOL_ERROR") =>
  throwsCode(() => parse(payload), code).message;

test("formatOf() tells MessagePack by its first byte, which no JSON has", () => {
  for (const text of ["", "{}", " {}", "\n{}", "[1]", "hello", "1", '"x"', "null"]) {
    assert.is(formatOf(utf8(text)), "json", text);
  }
  for (const value of [{}, add, Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [i, i])), [1]]) {
    assert.is(formatOf(encode(value)), "msgpack");
  }
});

for (const [format, write] of [
  ["json", json],
  ["msgpack", encode],
] as [Format, (value: unknown) => Uint8Array][]) {
  test(`parseSubmit() reads a task in ${format}, its fields in any order`, () => {
    assert.equal(parse(write(add)), add);
    const all = { timeoutMs: 5, id: "x", ...add };
    assert.equal(parse(write({ ...all, v: 1 })), all);
    assert.equal(parse(write({ ...add, v: null, id: null, timeoutMs: null })), add);
  });

  test(`parseSubmit() throws ProtocolError naming the field when one does not fit, in ${format}`, () => {
    assert.is(refusal(write({ args: [] })), "task.kernel must be a string, but is undefined");
    assert.is(refusal(write({ kernel: "a/b", args: 5 })), "task.args must be a list, but is number 5");
    assert.is(refusal(write({ kernel: "a/b" })), "task.args must be a list, but is undefined");
    assert.match(refusal(write({ ...add, id: 7 })), "task.id must be a string");
    assert.match(refusal(write({ ...add, id: "x".repeat(257) })), "task.id must be at most 256 characters");
    for (const timeoutMs of [0, -1, 1.5, 2 ** 53, "5"]) {
      assert.match(refusal(write({ ...add, timeoutMs })), "task.timeoutMs must be a whole number from 1");
    }
    for (const other of [null, [], "text", 1])
      assert.match(refusal(write(other)), /^task must be a map|^malformed/);
  });

  test(`parseSubmit() throws ProtocolError when the version is another one, in ${format}`, () => {
    assert.is(refusal(write({ ...add, v: 2 })), "protocol version 2 is unknown");
    assert.is(refusal(write({ ...add, v: "1" })), 'protocol version "1" is unknown');
    assert.is(refusal(write({ ...add, v: [[]] })), "protocol version of that kind is unknown");
    assert.ok(refusal(write({ ...add, v: "x".repeat(100_000) })).length < 100);
    // The version comes first: what else there is may belong to it.
    assert.match(refusal(write({ v: 3, other: 1 })), "protocol version 3");
  });

  test(`parseSubmit() throws InvalidTaskError naming the field when it does not exist, in ${format}`, () => {
    assert.is(refusal(write({ ...add, arg: 1 }), "INVALID_TASK"), "the task has the unknown field arg");
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`${i}`.repeat(100), i]));
    assert.ok(refusal(write({ ...add, ...many }), "INVALID_TASK").length < 500);
  });
}

test("parseSubmit() throws ProtocolError when the task is larger than the limit", () => {
  const task = (bytes: number) =>
    json({ ...add, args: ["x".repeat(bytes - json({ ...add, args: [""] }).length)] });
  assert.is(task(maxSubmitBytes).byteLength, maxSubmitBytes);
  assert.is(parse(task(maxSubmitBytes)).kernel, "math/add");
  assert.is(refusal(task(maxSubmitBytes + 1)), "the task has 1048577 bytes; the limit is 1048576");
});

test("parseSubmit() throws ProtocolError when JSON is malformed or not UTF-8", () => {
  for (const text of ["", "{", '{"kernel":', "hello", "{'a':1}"]) {
    assert.match(refusal(utf8(text)), "malformed JSON");
  }
  assert.match(refusal(Uint8Array.of(0x7b, 0xff, 0x7d)), "malformed JSON");
});

test("parseSubmit() throws ProtocolError when MessagePack is truncated at any byte, or goes on", () => {
  const whole = encode({ ...add, args: [1, "text", Uint8Array.of(1, 2, 3)] });
  for (let length = 1; length < whole.length; length++) {
    assert.match(refusal(whole.slice(0, length)), "malformed MessagePack");
  }
  assert.match(refusal(Uint8Array.of(...whole, 0)), "malformed MessagePack");
});

test("parseSubmit() takes no memory for a length that is made up", () => {
  const before = process.memoryUsage().rss;
  for (let time = 0; time < 20; time++) refusal(Uint8Array.of(0xdd, 0x01, 0xff, 0xff, 0xff, 0));
  assert.ok(process.memoryUsage().rss - before < 100_000_000);
});

test("parseSubmit() reads MessagePack integers of 64 bits exactly, and as numbers where one is meant", () => {
  const write = new Encoder({ useBigInt64: true });
  const task = { v: 1n, kernel: "m/f", args: [2n ** 64n - 1n, 5n], timeoutMs: 7n };
  assert.equal(parse(write.encode(task)), { kernel: "m/f", args: [2n ** 64n - 1n, 5n], timeoutMs: 7 });
});

test("parseSubmit() gives a task or throws a WrayError when bytes are changed", () => {
  const requests = [json({ ...add, id: "x" }), encode({ ...add, id: "x", args: [1.5, [1n.toString()]] })];
  forSeeds(5_000, (random) => {
    const bytes = random.pick(requests).slice();
    for (let change = 1 + random.below(3); change > 0; change--)
      bytes[random.below(bytes.length)] = random.below(256);
    try {
      parse(bytes);
    } catch (error) {
      assert.match((error as { code: string }).code, /^(PROTOCOL_ERROR|INVALID_TASK)$/);
    }
  });
});

test("encodeReply() writes the reply in the format of the request", () => {
  const reply = { v: 1, host: "h", id: "x", value: [1, null] };
  assert.is(
    new TextDecoder().decode(encodeReply(reply, "json")),
    '{"v":1,"host":"h","id":"x","value":[1,null]}',
  );
  assert.equal(decode(encodeReply(reply, "msgpack")), reply);
  const large = { v: 1, host: "h", value: 2n ** 63n };
  assert.equal(decode(encodeReply(large, "msgpack"), { useBigInt64: true }), large);
});
