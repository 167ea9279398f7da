import type { StoredObject } from "../../../host/objects/stored-object.ts";
import { collectGarbage } from "../../../host/worker/collect-garbage.ts";
import { forSeedsInTurn, type Random } from "../../scheduler/seeds.ts";
import { assert, suite, type TestContext } from "../../support/index.ts";
import { facts, isFilledWith, openStore } from "./open-store.ts";

const test = suite("object store, any schedule");
const kib = 1024;
const capacityBytes = 512 * kib;
const steps = 200;

/** The plain model: what each object has, and who holds it. */
type Expected = { object: StoredObject; byte: number; pins: number; views: Uint8Array[]; isFreed: boolean };

test("bytes stay right, memory within its bounds, and nothing that is held is reused", async (t) => {
  await forSeedsInTurn(20, (random) => run(t, random));
});

async function run(t: Pick<TestContext, "after">, random: Random): Promise<void> {
  const { store, segments } = openStore(t, capacityBytes, { maxIdleBytes: capacityBytes });
  let known: Expected[] = [];
  let made = 0;
  const restoring: Promise<void>[] = [];

  const add = (byteLength: number) => {
    const object = store.create(byteLength, facts);
    const byte = made++ & 255;
    object.pin()!.bytes.fill(byte, 0, byteLength);
    object.unpin();
    known.push({ object, byte, pins: 0, views: [], isFreed: false });
  };

  const actions = {
    async create() {
      const byteLength = 8 * kib + random.below(60 * kib);
      try {
        add(byteLength);
      } catch (error) {
        assert.is((error as { code: string }).code, "OBJECT_STORE_FULL");
        // What is on its way lands, and views that were dropped in this turn can be collected; then there is room.
        await Promise.all(restoring);
        await actions.turn();
        const held = known.filter(({ pins, views }) => pins > 0 || views.length > 0);
        const heldBytes = held.reduce((sum, { object }) => sum + object.memoryBytes, 0);
        if (heldBytes + 80 * kib <= capacityBytes) add(byteLength);
      }
    },
    async pin(expected: Expected) {
      if (expected.isFreed || known.filter(({ pins }) => pins > 0).length > 3) return;
      const { bytes } = await expected.object.pinned();
      expected.pins++;
      assert.ok(isFilledWith(bytes.subarray(0, expected.object.byteLength), expected.byte));
    },
    unpin(expected: Expected) {
      if (expected.pins === 0) return;
      expected.pins--;
      expected.object.unpin();
    },
    async view(expected: Expected) {
      if (expected.isFreed || known.filter(({ views }) => views.length > 0).length > 2) return;
      expected.views.push((await expected.object.viewed()).subarray(random.below(8 * kib)));
    },
    unview(expected: Expected) {
      expected.views = [];
    },
    free(expected: Expected) {
      expected.object.free();
      expected.isFreed = true;
    },
    /** Concurrent with whatever comes next. */
    restore(expected: Expected) {
      if (!expected.isFreed) restoring.push(expected.object.restore().catch(() => {}));
    },
    async turn() {
      await new Promise(setImmediate);
    },
  };

  for (let step = 0; step < steps; step++) {
    const names = ["create", "create", "pin", "unpin", "view", "unview", "free", "restore", "turn"] as const;
    const name = random.pick(names);
    if (name === "create" || name === "turn") await actions[name]();
    else if (known.length > 0) await actions[name](random.pick(known));
    assert.ok(store.usedBytes <= capacityBytes);
    assert.ok(store.usedBytes + segments.idleBytes <= capacityBytes);
    check(known);
    known = known.filter(({ isFreed, pins, views }) => !isFreed || pins > 0 || views.length > 0);
  }

  for (const expected of known) {
    while (expected.pins > 0) actions.unpin(expected);
    expected.views = [];
    actions.free(expected);
  }
  known = [];
  await store.settled();
  while (store.usedBytes > 0) {
    await new Promise(setImmediate);
    collectGarbage();
  }
  assert.is(store.spilledBytes, 0);
}

/** A function of its own, because one that waits keeps a reference to what it has looked at last. */
function check(known: Expected[]): void {
  for (const { object, byte, pins, views } of known) {
    for (const view of views) assert.ok(isFilledWith(view, byte), "a view has changed");
    if (pins > 0) assert.ok(isFilledWith(object.bytes!, byte), "what is pinned has changed");
  }
}
