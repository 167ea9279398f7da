import { slotCount } from "../../../host/ring/layout.ts";
import { forSeeds, randomOf } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";
import { Takers } from "./takers.ts";

const test = suite("rings between threads");

test("each slot is taken once, by whoever it is, and comes back", (t) => {
  const takerCount = 4;
  const takers = new Takers(t, takerCount);
  const free = Array.from({ length: slotCount }, (_, slot) => slot);
  const out = new Set<number>();
  const random = randomOf(1);
  let [pushed, back, takenBack] = [0, 0, 0];
  const takeIn = (slot: number) => {
    assert.ok(out.delete(slot), `slot ${slot} came back, and was not out`);
    free.push(slot);
  };
  while (back < 100_000) {
    for (let burst = random.pick([1, 3, 50]); burst > 0 && free.length > 0; burst--) {
      const slot = free.shift()!;
      out.add(slot);
      takers.push(random.below(takerCount), slot);
      pushed++;
    }
    if (random.happens(0.2)) {
      const slot = takers.submissions[random.below(takerCount)]!.take();
      if (slot >= 0) {
        takeIn(slot);
        takenBack++;
      }
    }
    if (out.size === 0) continue;
    for (const { slot } of takers.completed()) {
      takeIn(slot);
      back++;
    }
  }
  while (out.size > 0) {
    for (const { slot } of takers.completed()) {
      takeIn(slot);
      back++;
    }
  }
  assert.is(pushed, back + takenBack);
  for (const ring of takers.submissions) assert.is(ring.length, 0);
});

test("a taker that sleeps is woken for every single slot, and wakes the host for it", (t) => {
  const takers = new Takers(t, 2);
  for (let turn = 0; turn < 5_000; turn++) {
    takers.push(turn % 2, turn % slotCount);
    assert.equal(
      takers.completed().map(({ slot }) => slot),
      [turn % slotCount],
    );
  }
});

test("one that is parked leaves its ring to others, and goes on when it is no longer", (t) => {
  const takers = new Takers(t, 2);
  takers.park(0, true);
  forSeeds(200, (_, seed) => {
    takers.push(0, seed);
    // It doesn't look into other rings until someone wakes it.
    takers.wake(1);
    assert.equal(takers.completed(), [{ slot: seed, taker: 1 }]);
  });
  takers.park(1, true);
  takers.push(0, 7);
  takers.park(0, false);
  assert.equal(takers.completed(), [{ slot: 7, taker: 0 }]);
});
