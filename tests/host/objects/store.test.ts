import type { StoredObject } from "../../../host/objects/stored-object.ts";
import { collectGarbage } from "../../../host/worker/collect-garbage.ts";
import { assert, rejects, suite, throwsCode } from "../../support/index.ts";
import { facts, filled, isFilledWith, openStore } from "./open-store.ts";

const test = suite("ObjectStore");
const kib = 1024;

test("create() gives memory of the right length, and free() gives it back once", (t) => {
  const { store, segments } = openStore(t, 1024 * kib);
  const object = store.create(10_000, facts);
  assert.is(object.byteLength, 10_000);
  assert.is(store.usedBytes, 10_240);
  object.free();
  object.free();
  assert.is(store.usedBytes, 0);
  assert.is(segments.idleBytes, 10_240);
});

test("a freed object keeps its memory while it is pinned", (t) => {
  const { store } = openStore(t, 1024 * kib);
  const object = filled(store, 16 * kib, 1);
  const segment = object.pin()!;
  object.free();
  assert.is(object.pin(), undefined);
  assert.is(object.view(), undefined);
  assert.ok(store.usedBytes > 0);
  const other = filled(store, 16 * kib, 2);
  assert.ok(isFilledWith(segment.bytes, 1));
  object.unpin();
  other.free();
  assert.is(store.usedBytes, 0);
});

test("a view shares the memory, and two at a time share one object for it", (t) => {
  const { store } = openStore(t, 1024 * kib);
  const object = filled(store, 16 * kib, 1);
  const view = object.view()!;
  object.pin()!.bytes[0] = 7;
  assert.is(view[0], 7);
  assert.is(view.byteLength, 16 * kib);
  assert.is(object.view()!.buffer, view.buffer);
});

test("memory is not used again while anything made of a view can be reached, and is then", async (t) => {
  const { store } = openStore(t, 1024 * kib);
  const kept: { tail?: Float64Array | undefined } = {};
  const view = () => {
    const object = filled(store, 16 * kib, 1);
    const bytes = object.view()!;
    kept.tail = new Float64Array(bytes.buffer, 8, 100).subarray(50);
    object.free();
  };
  view();
  await collected();
  assert.is(store.usedBytes, 16 * kib);
  assert.is.not(filled(store, 16 * kib, 2).pin()!.bytes[8 + 8 * 50], 1);
  assert.ok(isFilledWith(new Uint8Array(kept.tail!.buffer, kept.tail!.byteOffset, 400), 1));
  kept.tail = undefined;
  await collected();
  assert.is(store.usedBytes, 16 * kib);
});

test("create() takes the memory of views that are garbage when there is no other", async (t) => {
  const { store } = openStore(t, 64 * kib);
  for (let turn = 0; turn < 20; turn++) {
    (() => {
      const object = filled(store, 48 * kib, turn);
      assert.is(object.view()![1], turn);
      object.free();
    })();
    // A new turn, without which the language itself keeps the view.
    await new Promise(setImmediate);
  }
  assert.ok(store.usedBytes <= 64 * kib);
});

test("what is larger than the store is refused at once, with what to do", (t) => {
  const { store } = openStore(t, 1024 * kib);
  const error = throwsCode(() => store.create(2048 * kib, facts), "OBJECT_STORE_FULL");
  assert.match(error.message, "larger than the whole store");
  assert.match((error as unknown as { remedy: string }).remedy, "objectStoreBytes");
});

test("a store that is full of what tasks read is full, and has room again when they are done", (t) => {
  const { store } = openStore(t, 64 * kib);
  const objects = [1, 2].map((byte) => filled(store, 32 * kib, byte));
  for (const object of objects) object.pin();
  throwsCode(() => store.create(16 * kib, facts), "OBJECT_STORE_FULL");
  assert.is(store.usedBytes, 64 * kib);
  objects[0]!.unpin();
  store.create(16 * kib, facts);
});

test("adopt() counts what a worker made, and gives it back when there is no room", (t) => {
  const { store, segments } = openStore(t, 64 * kib, { maxIdleBytes: 1024 * kib });
  const object = store.adopt(segments.adopt(new SharedArrayBuffer(40_000)), 39_000, facts);
  assert.is(object.byteLength, 39_000);
  assert.is(store.usedBytes, 40_000);
  object.pin();
  throwsCode(
    () => store.adopt(segments.adopt(new SharedArrayBuffer(40_000)), 40_000, facts),
    "OBJECT_STORE_FULL",
  );
  assert.is(store.usedBytes, 40_000);
  assert.is(segments.idleBytes, 40_000);
});

test("a segment that is larger than its class is counted whole, also when it is used again", (t) => {
  const { store, segments } = openStore(t, 64 * kib);
  store.adopt(segments.adopt(new SharedArrayBuffer(15_000)), 15_000, facts).free();
  const object = store.create(14_000, facts);
  assert.is(object.memoryBytes, 15_000);
  assert.is(store.usedBytes, 15_000);
  object.free();
  assert.is(store.usedBytes, 0);
});

test("idle segments and used ones together stay within the capacity", (t) => {
  const { store, segments } = openStore(t, 64 * kib, { maxIdleBytes: 1024 * kib });
  for (const object of [1, 2, 3, 4].map((byte) => filled(store, 16 * kib, byte))) object.free();
  assert.is(segments.idleBytes, 64 * kib);
  store.create(32 * kib, facts);
  assert.ok(segments.idleBytes <= 32 * kib);
});

test("add(), get(), release() and releaseAllOf() keep objects by id for their owners", (t) => {
  const { store } = openStore(t, 1024 * kib);
  const of = (owner: string) => store.create(8 * kib, { ...facts, owner });
  store.add("a1", of("ada"));
  store.add("a2", of("ada"));
  store.add("b1", of("bob"));
  assert.ok(store.hasObjectsOf((owner) => owner === "ada"));
  assert.not.ok(store.hasObjectsOf((owner) => owner === "eve"));
  store.release("a1", "bob");
  assert.ok(store.get("a1"));
  store.release("a1", "ada");
  assert.is(store.get("a1"), undefined);
  assert.is(store.read("a1"), undefined);
  assert.is(store.usedBytes, 16 * kib);
  store.releaseAllOf("ada");
  assert.is(store.usedBytes, 8 * kib);
  store.add("b1", of("bob"));
  assert.is(store.usedBytes, 8 * kib);
});

test("share() keeps an object for each of its owners until the last lets go of it, also when it comes anew", (t) => {
  const { store } = openStore(t, 1024 * kib);
  store.share("x", "bob");
  store.add("x", store.create(8 * kib, { ...facts, owner: "ada" }));
  store.share("x", "bob");
  store.add("x", store.create(8 * kib, { ...facts, owner: "ada" }));
  assert.is(store.usedBytes, 8 * kib);
  store.release("x", "ada");
  store.release("x", "ada");
  assert.ok(store.get("x"));
  assert.ok(store.hasObjectsOf((owner) => owner === "bob"));
  assert.not.ok(store.hasObjectsOf((owner) => owner === "ada"));
  assert.is(store.report().objects[0]!.owner, "bob");
  assert.is(store.releaseAllOf("bob"), 1);
  assert.is(store.usedBytes, 0);
});

test("tidy() frees memory that only garbage holds", async (t) => {
  const { store } = openStore(t, 1024 * kib);
  const object = filled(store, 16 * kib, 1);
  let view = object.view();
  object.free();
  await new Promise(setImmediate);
  store.tidy();
  assert.is(store.usedBytes, 16 * kib);
  assert.is(view?.[0], 1);
  view = undefined;
  await new Promise(setImmediate);
  store.tidy();
  assert.is(store.usedBytes, 0);
});

test("a freed object is lost to who waits for it", async (t) => {
  const { store } = openStore(t, 1024 * kib);
  const object: StoredObject = filled(store, 8 * kib, 1);
  object.free();
  await rejects(object.restore(), "OBJECT_LOST");
  await rejects(object.pinned(), "OBJECT_LOST");
});

/** Collects garbage, and lets those hear of it who want to. */
async function collected(): Promise<void> {
  await new Promise(setImmediate);
  collectGarbage();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}
