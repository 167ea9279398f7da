import { Spin } from "../../../host/pool/spin.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("Spin");

/** A clock that goes on by so much with each look, and completions at these times, in ms. */
function spinOn(completions: readonly number[], stepMs = 0.001) {
  let nowMs = 0;
  let [looks, done] = [0, 0];
  const spin = new Spin({
    poll() {
      looks++;
      nowMs += stepMs;
      if (completions[done] === undefined || completions[done]! > nowMs) return false;
      done++;
      return true;
    },
    nowMs: () => nowMs,
  });
  return {
    until: (count: number) => spin.until(() => done >= count),
    looks: () => looks,
    done: () => done,
    nowMs: () => nowMs,
  };
}

test("it ends with the completion that it looks for", () => {
  const spin = spinOn([0.01, 0.02, 0.03]);
  assert.not(spin.until(2));
  assert.is(spin.done(), 2);
});

test("it gives up after some 50 µs without any", () => {
  const spin = spinOn([]);
  assert.not(spin.until(1));
  assert.ok(spin.nowMs() > 0.05 && spin.nowMs() < 0.1, `${spin.nowMs()}`);
});

test("each completion gives the next one as long", () => {
  const spin = spinOn([0.04, 0.08, 0.12, 0.16]);
  assert.not(spin.until(4));
  assert.is(spin.done(), 4);
});

test("it gives way after a millisecond, while more keeps coming", () => {
  const spin = spinOn(Array.from({ length: 1_000 }, (_, index) => 0.01 * index));
  assert.ok(spin.until(1_000));
  assert.ok(spin.nowMs() > 1 && spin.nowMs() < 1.1, `${spin.nowMs()}`);
  assert.ok(spin.until(1_000), "and goes on the next time");
});

test("when it was in vain, it is left out ever more often", () => {
  const spin = spinOn(
    Array.from({ length: 100 }, () => 100),
    0.01,
  );
  const spins = Array.from({ length: 500 }, () => {
    const before = spin.looks();
    spin.until(1);
    return spin.looks() > before;
  });
  const gaps = spins
    .flatMap((did, index) => (did ? [index] : []))
    .map((at, nth, all) => at - (all[nth - 1] ?? -1) - 1);
  assert.equal(gaps, [0, 1, 2, 4, 8, 16, 32, ...Array(6).fill(64)]);
});
