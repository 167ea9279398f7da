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

/** It is asked until it is over; then the worker sleeps, until it is woken so long after its last work. */
function sleep(patience: Patience, clock: { nowMs: number }, afterMs: number): void {
  const wakeMs = clock.nowMs + afterMs;
  looksUntilOver(patience, clock, 0.001);
  clock.nowMs = Math.max(clock.nowMs, wakeMs);
  patience.woken();
}

test("it lasts 250 µs when work has come within these, and 50 µs again when it has not", (t) => {
  const clock = stopClock(t);
  const patience = new Patience();
  sleep(patience, clock, 0.3);
  assert.is(looksUntilOver(patience, clock, 0.001), 65);
  patience.begin();
  sleep(patience, clock, 0.2);
  assert.is(looksUntilOver(patience, clock, 0.001), 257);
  patience.begin();
  assert.is(looksUntilOver(patience, clock, 0.001), 257);
  patience.begin();
  sleep(patience, clock, 0.3);
  assert.is(looksUntilOver(patience, clock, 0.001), 65);
});

test("it does not last longer for a while after another thread had the cpu meanwhile", (t) => {
  const clock = stopClock(t);
  const patience = new Patience();
  sleep(patience, clock, 0.2);
  for (let look = 0; look < 16; look++) patience.isOver();
  clock.nowMs += 0.1;
  assert.ok(patience.isOver());
  clock.nowMs += 0.05;
  patience.woken();
  for (let count = 0; count < 255; count++) sleep(patience, clock, 0.2);
  assert.is(looksUntilOver(patience, clock, 0.001), 65);
  patience.begin();
  sleep(patience, clock, 0.2);
  assert.is(looksUntilOver(patience, clock, 0.001), 257);
});
