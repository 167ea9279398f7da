import { Segments } from "../../../host/objects/segments.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("Segments");

function open(maxIdleBytes: number) {
  const created: number[] = [];
  const dropped: number[] = [];
  const segments = new Segments({
    maxIdleBytes,
    created: ({ id }) => created.push(id),
    dropped: (id) => dropped.push(id),
  });
  return { segments, created, dropped };
}

test("take() uses a segment again that has room and wastes little", () => {
  const { segments, created } = open(1e6);
  const first = segments.take(60_000);
  segments.give(first);
  assert.is(segments.take(20_000).id, 2);
  assert.is(segments.take(58_000), first);
  assert.equal(created, [1, 2]);
  assert.is(segments.idleBytes, 0);
});

test("adopt() makes a segment of memory of any size, which is used again for what fits into it", () => {
  const { segments, created } = open(1e6);
  const odd = segments.adopt(new SharedArrayBuffer(60_001));
  assert.equal(created, [1]);
  segments.give(odd);
  assert.is(segments.take(57_344), odd);
  segments.give(odd);
  // The class above is 65,536 bytes.
  assert.is.not(segments.take(57_345), odd);
});

test("give() drops what has been idle for the longest when more is idle than may be", () => {
  const { segments, dropped } = open(3 * 16_384);
  const taken = [16_384, 16_384, 32_768].map((bytes) => segments.take(bytes));
  for (const segment of taken) segments.give(segment);
  assert.equal(dropped, [1]);
  assert.is(segments.idleBytes, 3 * 16_384);
  assert.is(segments.take(16_384).id, 2);
});

test("trim() drops until no more than so much is idle", () => {
  const { segments, dropped } = open(1e6);
  const taken = [8_192, 16_384, 8_192].map((bytes) => segments.take(bytes));
  for (const segment of taken) segments.give(segment);
  segments.trim(10_000);
  assert.equal(dropped, [1, 2]);
  assert.is(segments.idleBytes, 8_192);
});

test("close() keeps nothing, also of what is given back later", () => {
  const { segments, dropped } = open(1e6);
  const [first, second] = [segments.take(1), segments.take(1)];
  segments.give(first);
  segments.close();
  segments.give(second);
  assert.equal(dropped, [1, 2]);
  assert.is(segments.idleBytes, 0);
});
