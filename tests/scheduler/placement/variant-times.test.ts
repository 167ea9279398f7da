import { sizeClassOf, VariantTimes, type Way } from "../../../scheduler/placement/variant-times.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("variant times");
const way = (timedAs: string, otherMs = 0, hostId = "a"): Way => ({ timedAs, hostId, otherMs });
const [wasm, gpu] = [way("wasm"), way("gpu")];

/** Picks, and has it run for as long as `runs` says, until both are known. */
function known(runs: Record<string, number>): VariantTimes {
  const times = new VariantTimes();
  for (let i = 0; i < 4; i++) {
    const picked = times.pick([wasm, gpu]);
    times.measured(picked.timedAs, picked.hostId, runs[picked.timedAs]!);
  }
  return times;
}

test("each variant is tried before one is preferred", () => {
  const times = known({ wasm: 5, gpu: 1 });
  assert.is(times.runMs("wasm", "a"), 5);
  assert.is(times.pick([wasm, gpu]), gpu);
  assert.is(known({ wasm: 1, gpu: 5 }).pick([wasm, gpu]), wasm);
});

test("what costs beside running counts", () => {
  const times = known({ wasm: 5, gpu: 1 });
  assert.is(times.pick([wasm, way("gpu", 10)]), wasm);
});

test("many that are submitted at once are not all tries", () => {
  const times = new VariantTimes();
  const picked = Array.from({ length: 10 }, () => times.pick([wasm, gpu]).timedAs);
  assert.equal(picked.slice(0, 4).sort(), ["gpu", "gpu", "wasm", "wasm"]);
});

test("a first run that was slow does not count against it", () => {
  const times = new VariantTimes();
  for (const ms of [500, 1]) times.measured(times.pick([gpu]).timedAs, "a", ms);
  assert.is(times.runMs("gpu", "a"), 1);
});

test("hosts differ, and one that has not run it is thought to be like the others", () => {
  const times = known({ wasm: 5, gpu: 1 });
  times.measured("gpu", "slow", 50);
  assert.is(times.pick([way("wasm", 0, "slow"), way("gpu", 0, "slow")]).timedAs, "wasm");
  assert.ok(times.runMs("gpu", "new")! > 1);
});

test("the other one is looked at again now and then, and wins when it has become better", () => {
  const times = known({ wasm: 1, gpu: 5 });
  const runMs: Record<string, number> = { wasm: 10, gpu: 5 };
  const picked = Array.from({ length: 400 }, () => {
    const { timedAs } = times.pick([wasm, gpu]);
    times.measured(timedAs, "a", runMs[timedAs]!);
    return timedAs;
  });
  assert.ok(picked.slice(-50).filter((each) => each === "gpu").length > 45);
});

test("sizes within a factor of two are alike", () => {
  assert.is(sizeClassOf(0), 0);
  assert.is(sizeClassOf(1_024), sizeClassOf(2_000));
  assert.is.not(sizeClassOf(1_024), sizeClassOf(4_096));
});
