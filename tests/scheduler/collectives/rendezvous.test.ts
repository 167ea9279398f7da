import { Rendezvous } from "../../../scheduler/collectives/rendezvous.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds } from "../seeds.ts";

const test = suite("scheduler/collectives/rendezvous");

test("Rendezvous is complete when all have joined, in any order and however often they say so, and stays so", () => {
  forSeeds(20, (random) => {
    const members = new Rendezvous(4);
    const left = new Set([0, 1, 2, 3]);
    while (left.size > 0) {
      assert.not(members.isComplete);
      const rank = random.below(4);
      members.join(rank);
      left.delete(rank);
    }
    for (let rank = 0; rank < 4; rank++) {
      assert.ok(members.isComplete);
      assert.is(members.missing, undefined);
      members.end(rank);
    }
    assert.ok(members.isOver);
  });
});

test("Rendezvous tells of a member that has ended and did not join, which it can't do any more", () => {
  const members = new Rendezvous(2);
  members.join(0);
  members.end(1);
  members.join(1);
  assert.is(members.missing, 1);
  assert.not(members.isComplete);
});
