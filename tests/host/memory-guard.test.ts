import { MemoryGuard } from "../../host/memory-guard.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("memory guard");

function guard() {
  const done: string[] = [];
  const state = { usedBytes: 0, nowMs: 0 };
  const memory = new MemoryGuard({
    limitBytes: 100,
    usedBytes: () => state.usedBytes,
    relieve: () => done.push(`relieve at ${state.nowMs}`),
    shed: () => done.push(`shed at ${state.nowMs}`) > 0,
    nowMs: () => state.nowMs,
  });
  const until = (ms: number) => {
    for (; state.nowMs <= ms; state.nowMs += 100) memory.tick();
  };
  return { memory, state, done, until };
}

test("it does nothing up to its limit", () => {
  const { memory, state, done, until } = guard();
  state.usedBytes = 100;
  until(2_000);
  assert.is(memory.isOver, false);
  assert.equal(done, []);
});

test("past it, it gives back what it can first, then ends a task, and waits for what that brings before the next", () => {
  const { memory, state, done, until } = guard();
  state.usedBytes = 101;
  until(1_000);
  assert.is(memory.isOver, true);
  assert.equal(done, ["relieve at 0", "shed at 300", "shed at 600", "shed at 900"]);
});

test("it begins anew when there was room in between", () => {
  const { memory, state, done, until } = guard();
  state.usedBytes = 101;
  until(300);
  state.usedBytes = 50;
  until(500);
  assert.is(memory.isOver, false);
  state.usedBytes = 101;
  until(700);
  assert.equal(done, ["relieve at 0", "shed at 300", "relieve at 600"]);
});
