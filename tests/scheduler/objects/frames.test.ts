import {
  type ChunkHeader,
  type ChunkRequest,
  decodeGreeting,
  decodeHeader,
  decodeRequest,
  encodeGreeting,
  encodeHeader,
  encodeRequests,
  type Greeting,
} from "../../../scheduler/objects/frames.ts";
import doors from "../../protocol/vectors/doors.json" with { type: "json" };
import { fromHex, meaning, toHex } from "../../protocol/vectors.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("objects/frames");

/** By kind, how a frame is written and read. */
const codecs = {
  greeting: [(message: Greeting, mask: Uint8Array) => encodeGreeting(message, mask), decodeGreeting],
  request: [
    (message: ChunkRequest) => encodeRequests([message]),
    (frame: Uint8Array) => decodeRequest(frame, 2 ** 40),
  ],
  header: [(message: ChunkHeader) => encodeHeader(message), decodeHeader],
} as const;

for (const { name, kind, message, hex, mask } of doors) {
  test(`a frame is written and read as in the vector when it is ${name}`, () => {
    const [encode, decode] = codecs[kind as keyof typeof codecs] as [
      (message: unknown, mask: Uint8Array) => Uint8Array,
      (frame: Uint8Array) => unknown,
    ];
    assert.is(toHex(encode(meaning(message), fromHex(mask ?? ""))), hex);
    assert.equal(decode(fromHex(hex)), meaning(message));
  });
}

test("the vectors have every kind of frame", () => {
  assert.equal(
    doors.map(({ kind }) => kind),
    Object.keys(codecs),
  );
});
