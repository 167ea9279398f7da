import { encode } from "@msgpack/msgpack";
import {
  decodeGangMessage,
  decodeHeartbeat,
  decodeLinkReply,
  decodeMemberNote,
  decodeMessagePack,
  decodeObjectReply,
  decodeObjectRequest,
  decodePacketToClient,
  decodePacketToHost,
  encodeMessage,
  encodePacket,
} from "../../scheduler/protocol/codec.ts";
import {
  encodeReply,
  type Format,
  formatOf,
  parseSubmit,
  type SubmitReply,
} from "../../scheduler/protocol/submit.ts";
import { decodeValue, encodeValue } from "../../scheduler/protocol/value.ts";
import { assertSame } from "../kernels/values.ts";
import { randomOf } from "../scheduler/seeds.ts";
import { assert, suite } from "../support/index.ts";
import { fromHex, meaning, refs, toHex, vectors } from "./vectors.ts";

const test = suite("protocol/vectors");

const decoders: Record<string, (payload: Uint8Array) => unknown> = {
  packetToHost: decodePacketToHost,
  packetToClient: decodePacketToClient,
  heartbeat: decodeHeartbeat,
  objectRequest: decodeObjectRequest,
  objectReply: decodeObjectReply,
  memberNote: decodeMemberNote,
  gangMessage: decodeGangMessage,
  linkReply: decodeLinkReply,
};

const encoders: Record<string, (message: never) => Uint8Array> = {
  packetToHost: encodePacket,
  packetToClient: encodePacket,
};

for (const { name, kind, message, hex } of vectors.messages) {
  const encodeIt = encoders[kind] ?? encodeMessage;
  const decode = decoders[kind]!;
  const expected = meaning(message);

  test(`${kind} is written and read as in the vector when it is ${name}`, () => {
    assert.is(toHex(encodeIt(expected as never)), hex);
    assert.equal(decode(fromHex(hex)), expected);
  });

  // In a run, what is what depends on its place; and where names are free, any field is one.
  if (/"kind":"(call|value)","number"|"(resources|labels|need|unreserved)":/.test(JSON.stringify(message)))
    continue;
  test(`${kind} is read as in the vector when it is ${name}, its fields in any order and with others between`, () => {
    const random = randomOf(1);
    for (let time = 0; time < 20; time++)
      assert.equal(decode(encode(mixed(expected, random.next))), expected);
  });
}

for (const { name, value, hex } of vectors.values) {
  test(`encodeValue() and decodeValue() agree with the vector of ${name}`, () => {
    assert.is(toHex(encodeValue(meaning(value), refs)), hex);
    const decoded = decodeValue(fromHex(hex), refs);
    assertSame(decoded, meaning(value));
  });
}

test("the vectors have every tag of a value and every kind of message", () => {
  const tags = new Set(vectors.values.map(({ hex }) => Number.parseInt(hex.slice(0, 2), 16)));
  assert.equal(
    [...tags].sort((a, b) => a - b),
    [...Array.from({ length: 19 }, (_, tag) => tag), 32, 33, 34, 35],
  );
  assert.equal([...new Set(vectors.messages.map(({ kind }) => kind))], Object.keys(decoders));
  const text = JSON.stringify(vectors.messages);
  for (const kind of [
    "task",
    "template",
    "call",
    "release",
    "cancel",
    "reserve",
    "unreserve",
    "endGang",
    "reserved",
    "load",
    "bye",
    "result",
    "progress",
    "value",
    "stored",
    "error",
    "returned",
    "link",
    "bytes",
  ]) {
    assert.match(text, `"kind":"${kind}"`);
  }
});

for (const vector of vectors.tasks) {
  test(`parseSubmit() reads ${vector.name} in ${vector.format} as in the vector`, () => {
    const payload = bytesOf(vector);
    assert.is(formatOf(payload), vector.format);
    assert.equal(parseSubmit(payload, formatOf(payload)), meaning(vector.task));
  });
}

for (const vector of vectors.replies) {
  test(`encodeReply() writes ${vector.name} in ${vector.format} as in the vector`, () => {
    const payload = encodeReply(meaning(vector.reply) as SubmitReply, vector.format as Format);
    assert.is(toHex(payload), toHex(bytesOf(vector)));
    if (vector.format === "msgpack") {
      assert.equal(decodeMessagePack(payload, { useBigInt64: true }), meaning(vector.reply));
    }
  });
}

function bytesOf({ text, hex }: { text?: string; hex?: string }): Uint8Array {
  return text === undefined ? fromHex(hex ?? "") : new TextEncoder().encode(text);
}

/** The same with the fields of each map in another order, and one that no version knows. What is in `data` is free. */
function mixed(value: unknown, random: () => number, isFree = false): unknown {
  if (Array.isArray(value)) return value.map((item) => mixed(item, random, isFree));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const fields = Object.entries(value).map(([name, field]): [string, unknown] => [
    name,
    mixed(field, random, isFree || name === "data"),
  ]);
  if (!isFree) fields.push(["from the future", [1, { a: null }]]);
  return Object.fromEntries(
    fields
      .map((field) => ({ field, place: random() }))
      .sort((a, b) => a.place - b.place)
      .map(({ field }) => field),
  );
}
