import { chooseLane, wakeForWaiting } from "../../../host/pool/choose-lane.ts";
import type { Lane } from "../../../host/pool/lane.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("chooseLane");

type Facts = {
  assigned: number;
  queued?: number;
  isAsleep?: boolean;
  pace?: number;
  window?: number;
  takesCalls?: boolean;
};

/** A lane as it is chosen, which tells when it is woken. */
function laneOf({ assigned, queued = 0, isAsleep = false, pace = 0, window = 64, takesCalls = true }: Facts) {
  const lane = {
    ...{ assignedCount: assigned, pace, window, takesCalls, nudges: 0 },
    thread: {
      isAsleep,
      running: assigned > queued ? 0 : -1,
      submissions: { length: queued },
      nudge: () => lane.nudges++,
    },
  };
  return lane as typeof lane & Lane;
}

const chosen = (mayBlock: boolean, ...facts: Facts[]) => {
  const lanes = facts.map(laneOf);
  const lane = chooseLane(lanes, mayBlock);
  return lane === undefined ? -1 : lanes.indexOf(lane as (typeof lanes)[number]);
};

test("a call goes to the one with the fewest that is awake", () => {
  assert.is(chosen(false, { assigned: 3 }, { assigned: 1 }, { assigned: 2 }), 1);
  assert.is(chosen(false, { assigned: 1, takesCalls: false }, { assigned: 5 }), 1);
});

test("one that sleeps is woken when nobody is awake, or those that are don't keep up", () => {
  assert.is(chosen(false, { assigned: 0, isAsleep: true }), 0);
  assert.is(chosen(false, { assigned: 5, queued: 4 }, { assigned: 0, isAsleep: true }), 0);
  assert.is(chosen(false, { assigned: 40, queued: 39 }, { assigned: 0, isAsleep: true }), 1);
  assert.is(chosen(false, { assigned: 40, queued: 39, pace: 50 }, { assigned: 0, isAsleep: true }), 0);
});

test("a call waits for a full one that is fast, but not for one whose call takes long", () => {
  assert.is(chosen(false, { assigned: 64, queued: 63, pace: 300 }, { assigned: 0, isAsleep: true }), -1);
  assert.is(chosen(false, { assigned: 1, window: 1 }, { assigned: 0, isAsleep: true }), 1);
});

test("a call that may block goes to one that has nothing else", () => {
  assert.is(chosen(true, { assigned: 1, pace: 300 }, { assigned: 0, isAsleep: true }), 1);
  assert.is(chosen(true, { assigned: 1 }, { assigned: 0 }), 1);
  assert.is(chosen(true, { assigned: 1 }), -1);
});

test("wakeForWaiting() wakes as many as calls wait that nobody will have taken by then", () => {
  const woken = (...facts: Facts[]) => {
    const lanes = facts.map(laneOf);
    wakeForWaiting(lanes);
    return lanes.map(({ nudges }) => nudges);
  };
  const asleep: Facts = { assigned: 0, isAsleep: true };
  assert.equal(woken({ assigned: 1 }, asleep), [0, 0]);
  assert.equal(woken({ assigned: 2, queued: 1 }, asleep, asleep), [0, 1, 0]);
  assert.equal(woken({ assigned: 3, queued: 2 }, asleep, asleep), [0, 1, 1]);
  assert.equal(woken({ assigned: 3, queued: 2, pace: 10 }, asleep, asleep), [0, 0, 0]);
  assert.equal(woken({ assigned: 1, queued: 1 }, asleep), [0, 0], "it is about to take it");
});
