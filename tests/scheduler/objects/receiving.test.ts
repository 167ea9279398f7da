import { crc32 } from "../../../scheduler/objects/crc32.ts";
import {
  encodeGreeting,
  encodeRequests,
  maxChunkBytes,
  maxRequests,
} from "../../../scheduler/objects/frames.ts";
import { Receiving } from "../../../scheduler/objects/receiving.ts";
import { Serving } from "../../../scheduler/objects/serving.ts";
import { forSeeds, type Random } from "../../scheduler/seeds.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("objects/receiving and objects/serving");

type Taker = { room(): Uint8Array; took(byteCount: number): void };

/** Puts bytes into a taker in pieces of random sizes. */
function feed(taker: Taker, bytes: Uint8Array, random: Random): void {
  for (let offset = 0; offset < bytes.byteLength; ) {
    const room = taker.room();
    assert.ok(room.byteLength > 0);
    const part = bytes.subarray(offset, offset + Math.min(room.byteLength, 1 + random.below(50)));
    room.set(part);
    offset += part.byteLength;
    taker.took(part.byteLength);
  }
}

const token = Uint8Array.from({ length: 16 }, (_, index) => index);
const mask = Uint8Array.from({ length: 16 }, (_, index) => 255 - 3 * index);

/** Both sides with an object between, of which the receiver has some. */
function sides(random: Random) {
  const objectBytes = 1 + random.below(2_000);
  const held = Uint8Array.from({ length: objectBytes }, () => random.below(256));
  const offset = random.below(objectBytes);
  const object = new Uint8Array(objectBytes);
  object.set(held.subarray(0, offset));
  const summedBytes = 1 + random.below(300);
  const serving = new Serving((shown) => (shown.join() === token.join() ? held : undefined));
  const receiving = new Receiving({
    ...{
      object,
      offset,
      chunkBytes: 1 + random.below(400),
      aheadCount: 1 + random.below(maxRequests),
      summedBytes,
    },
  });
  feed(serving, encodeGreeting({ token, summedBytes }, mask), random);
  return { held, object, offset, summedBytes, serving, receiving };
}

test("a receiver has the object when a holder sends what it asks for, whatever the pieces", () => {
  forSeeds(500, (random) => {
    const { held, object, serving, receiving } = sides(random);
    while (!receiving.isWhole) {
      feed(serving, encodeRequests(receiving.requests()), random);
      // Some now, some later: requests and chunks cross.
      for (let count = random.below(4); count >= 0; count--) {
        for (const part of serving.next() ?? []) feed(receiving, part, random);
      }
      assert.equal(object.subarray(0, receiving.doneBytes), held.subarray(0, receiving.doneBytes));
    }
    assert.is(serving.next(), undefined);
    assert.equal(object, held);
  });
});

test("took() throws, and counts no chunk as done, when a byte that is summed was changed on the way", () => {
  forSeeds(300, (random) => {
    const { offset, summedBytes, serving, receiving } = sides(random);
    feed(serving, encodeRequests(receiving.requests()), random);
    const [header, chunk] = serving.next()!.map((part) => part.slice()) as [Uint8Array, Uint8Array];
    const at = random.below(Math.min(chunk.byteLength, summedBytes));
    chunk[at]! ^= 1 << random.below(8);
    feed(receiving, header, random);
    throwsCode(() => feed(receiving, chunk, random), "PROTOCOL_ERROR");
    assert.is(receiving.doneBytes, offset);
  });
});

test("took() throws when a chunk is not as long as was asked for, before any of it is taken", () => {
  const object = new Uint8Array(100);
  for (const length of [0, 49, 51, 0xffffffff]) {
    const receiving = new Receiving({ object, offset: 0, chunkBytes: 50, aheadCount: 2, summedBytes: 100 });
    receiving.requests();
    const header = new Uint8Array(8);
    new DataView(header.buffer).setUint32(0, length, true);
    receiving.room().set(header);
    throwsCode(() => receiving.took(8), "PROTOCOL_ERROR");
  }
  assert.equal(object, new Uint8Array(100));
});

test("took() throws when there are bytes that nobody asked for", () => {
  const object = new Uint8Array(2);
  const receiving = new Receiving({ object, offset: 0, chunkBytes: 50, aheadCount: 2, summedBytes: 100 });
  receiving.requests();
  receiving.room().set([2, 0, 0, 0, ...new Uint8Array(Uint32Array.of(crc32(object)).buffer)]);
  receiving.took(8);
  receiving.took(2);
  assert.ok(receiving.isWhole);
  throwsCode(() => receiving.took(1), "PROTOCOL_ERROR");
});

test("requests() asks for no more than is missing, and for no more ahead than its credit", () => {
  const object = new Uint8Array(100);
  const receiving = new Receiving({ object, offset: 10, chunkBytes: 40, aheadCount: 2, summedBytes: 0 });
  assert.equal(receiving.requests(), [
    { offset: 10, length: 40 },
    { offset: 50, length: 40 },
  ]);
  assert.equal(receiving.requests(), []);
  receiving.room().set([40, 0, 0, 0, 0, 0, 0, 0]);
  receiving.took(8);
  receiving.took(40);
  assert.equal(receiving.requests(), [{ offset: 90, length: 10 }]);
  assert.equal(receiving.requests(), []);
});

const held = new Uint8Array(2 * maxChunkBytes);
const greeting = encodeGreeting({ token, summedBytes: 0 }, mask);
const requestOf = (offset: number, length: number) => encodeRequests([{ offset, length }]);

for (const [what, bytes] of [
  ["a greeting of another version", Uint8Array.from(greeting, (byte, index) => (index === 4 ? 2 : byte))],
  [
    "words of another protocol",
    new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"),
  ],
  ["a token that was not given", encodeGreeting({ token: mask, summedBytes: 0 }, mask)],
  ["a request for nothing", Uint8Array.of(...greeting, ...requestOf(0, 0))],
  ["a request past the object's end", Uint8Array.of(...greeting, ...requestOf(held.byteLength - 1, 2))],
  ["a request past all numbers", Uint8Array.of(...greeting, ...new Uint8Array(12).fill(255))],
  ["a request for too much at once", Uint8Array.of(...greeting, ...requestOf(0, maxChunkBytes + 1))],
  [
    "too many requests at once",
    Uint8Array.of(...greeting, ...Array.from({ length: maxRequests + 1 }, () => [...requestOf(0, 1)]).flat()),
  ],
] as const) {
  test(`a holder throws when it gets ${what}`, () => {
    forSeeds(5, (random) => {
      const serving = new Serving((shown) => (shown.join() === token.join() ? held : undefined));
      throwsCode(() => feed(serving, bytes, random), "PROTOCOL_ERROR");
    });
  });
}

test("a holder gives nothing before a token was shown, and says nothing to what it throws at", () => {
  forSeeds(300, (random) => {
    const serving = new Serving(() => undefined);
    try {
      feed(
        serving,
        Uint8Array.from({ length: random.below(200) }, () => random.below(256)),
        random,
      );
    } catch {}
    assert.not(serving.isGreeted);
    assert.is(serving.next(), undefined);
  });
});

test("a token does not show in a greeting, nor does anything else that a peer could choose", () => {
  const masked = [...encodeGreeting({ token, summedBytes: 0 }, mask)];
  assert.not(masked.join().includes(token.join()));
});
