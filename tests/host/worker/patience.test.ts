import { Patience } from "../../../host/worker/patience.ts";
import { assert, suite, type TestContext } from "../../support/index.ts";

const test = suite("Patience");

/** A clock that stands still unless it is told to go on, and counts who looks at it. */
function stopClock(t: TestContext) {
  const { now } = performance;
  const clock = { nowMs: 1_000, looks: 0 };
  performance.now = () => {
    clock.looks++;
    return clock.nowMs;
  };
  t.after(() => {
    performance.now = now;
  });
  return clock;
}

/** How many looks it takes until it is over, while the clock goes on by so much with each. */
function looksUntilOver(patience: Patience, clock: { nowMs: number }, stepMs: number): number {
  let looks = 1;
  for (; !patience.isOver(); looks++) clock.nowMs += stepMs;
  return looks;
}

test("it lasts 50 µs from the first look on, and is asked again and again until then", (t) => {
  const clock = stopClock(t);
  const patience = new Patience();
  assert.is(looksUntilOver(patience, clock, 0.001), 65);
  assert.ok(clock.nowMs < 1_000.07);
});

test("it looks at the clock with every sixteenth look only", (t) => {
  const clock = stopClock(t);
  const patience = new Patience();
  for (let look = 0; look < 160; look++) assert.not(patience.isOver());
  assert.is(clock.looks, 10);
});

test("begin() gives it the whole time again", (t) => {
  const clock = stopClock(t);
  const patience = new Patience();
  for (let turn = 0; turn < 3; turn++) {
    patience.begin();
    assert.is(looksUntilOver(patience, clock, 0.001), 65);
  }
});

test("time that passes while there is something to do does not count", (t) => {
  const clock = stopClock(t);
  const patience = new Patience();
  patience.isOver();
  clock.nowMs += 10_000;
  patience.begin();
  assert.not(patience.isOver());
});
