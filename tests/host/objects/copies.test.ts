import { Segments } from "../../../host/objects/segments.ts";
import { ObjectStore } from "../../../host/objects/store.ts";
import type { Copy } from "../../../host/objects/stored-object.ts";
import { assert, rejects, suite } from "../../support/index.ts";

const test = suite("copies of objects");
const facts = { owner: "me", label: "result" };

function makeStore(capacityBytes = 1 << 20): ObjectStore {
  const segments = new Segments({ maxIdleBytes: 0, created: () => {}, dropped: () => {} });
  return new ObjectStore({ capacityBytes, segments });
}

/** Bytes that are elsewhere, as on a GPU. */
class Elsewhere implements Copy {
  readonly byteLength: number;
  isThere = true;
  isFreed = false;
  readCount = 0;

  constructor(byteLength: number) {
    this.byteLength = byteLength;
  }

  async read(into: Uint8Array): Promise<void> {
    this.readCount++;
    into.fill(7);
  }

  free(): void {
    this.isFreed = true;
  }
}

test("its bytes come into memory when somebody needs them there, once", async () => {
  const store = makeStore();
  const copy = new Elsewhere(10_000);
  const object = store.keepCopy(copy, facts);
  assert.is(object.memoryBytes, 0);
  assert.is(store.usedBytes, 0);
  const [one, other] = await Promise.all([object.viewed(), object.viewed()]);
  assert.is(copy.readCount, 1);
  assert.equal([one!.length, one![9_999], other![0]], [10_000, 7, 7]);
  assert.ok(object.memoryBytes >= 10_000);
});

test("its memory is given up without being written to disk", async () => {
  const store = makeStore(300_000);
  const copy = new Elsewhere(100_000);
  const object = store.keepCopy(copy, facts);
  await object.pinned();
  object.unpin();
  store.create(131_072, facts).unpin();
  const large = store.create(131_072, facts);
  assert.is(object.memoryBytes, 0);
  assert.is(store.spilledBytes, 0);
  large.free();
  await object.pinned();
  object.unpin();
  assert.is(copy.readCount, 2);
});

test("what is lost there, and nowhere else, is lost", async () => {
  const store = makeStore();
  const [lost, kept] = [new Elsewhere(100), new Elsewhere(100)];
  const [one, other] = [store.keepCopy(lost, facts), store.keepCopy(kept, facts)];
  await other.viewed();
  lost.isThere = kept.isThere = false;
  await rejects(one.viewed(), "OBJECT_LOST");
  assert.is((await other.viewed())[0], 7);
});

test("it is let go of with the object, also of one that is freed already", () => {
  const store = makeStore();
  const copies = [new Elsewhere(100), new Elsewhere(100), new Elsewhere(100)] as const;
  const object = store.keepCopy(copies[0], facts);
  object.keepCopy(copies[1]);
  object.free();
  object.keepCopy(copies[2]);
  assert.ok(copies.every(({ isFreed }) => isFreed));
});

test("the report tells that it is on a GPU, and the store lets go of it when it is closed", () => {
  const store = makeStore();
  const copy = new Elsewhere(100);
  store.add("a", store.keepCopy(copy, facts));
  const [told] = store.report().objects;
  assert.equal([told!.id, told!.place, told!.bytes], ["a", "gpu", 100]);
  store.close();
  assert.ok(copy.isFreed);
});
