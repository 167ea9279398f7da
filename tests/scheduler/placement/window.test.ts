import { windowOf } from "../../../scheduler/placement/window.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("placement/window");

const idle = { cpus: 1, endedCount: 0, elapsedMs: 100 };

test("windowOf() gives every host some tasks, and one with many cpus more", () => {
  assert.is(windowOf(idle, 0), 64);
  assert.is(windowOf({ ...idle, cpus: 32 }, 0), 512);
});

test("windowOf() gives a host what it does within 25 ms, up to a bound", () => {
  assert.is(windowOf({ ...idle, endedCount: 10_000 }, 64), 2_500);
  assert.is(windowOf({ ...idle, endedCount: 1_000_000 }, 64), 8_192);
});

test("windowOf() takes no more than half away at once", () => {
  assert.is(windowOf({ ...idle, endedCount: 1_000 }, 2_500), 1_250);
  assert.is(windowOf(idle, 100), 64);
});
