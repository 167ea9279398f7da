import { setImmediate as nextTurn } from "node:timers/promises";
import type { Said } from "../../../host/worker/messages.ts";
import { assert, suite } from "../../support/index.ts";
import { type End, NumbersCall, openPool } from "./open-pool.ts";

const test = suite("Pool");

const text = `(module
  (func (export "picky") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (unreachable))) (i32.add (local.get 0) (i32.const 1)))
  (func (export "wide") (param f64) (result i64) (i64.trunc_f64_s (local.get 0)))
  (func (export "spin") (param i32) (result i32) (local $turns i32)
    (loop $again
      (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
      (br_if $again (i32.ne (local.get $turns) (local.get 0))))
    (local.get $turns)))`;

/** Runs a call and waits for its end. */
const endOf = (submit: () => void, call: NumbersCall) =>
  new Promise<End>((resolve) => {
    call.onEnd = resolve;
    submit();
  });

test("submit() takes a call again as soon as it hears of its end", async (t) => {
  const { pool, site } = await openPool(t, 1, text);
  const call = new NumbersCall(site("picky"), [0]);
  const ends: End[] = [];
  await new Promise<void>((resolve) => {
    call.onEnd = (end) => {
      ends.push(end);
      if (ends.length === 6) resolve();
      else pool.submit(Object.assign(call, { args: [ends.length % 2] }));
    };
    pool.submit(call);
  });
  const [failed, done] = [{ code: "TASK_ERROR" }, { value: 2 }];
  assert.equal(ends, [failed, done, failed, done, failed, done]);
  assert.is(pool.size, 0);
  assert.equal([...pool.calls()], []);
});

test("what a call reads of its end is there until it has heard of it, whatever it submits before", async (t) => {
  const { pool, site } = await openPool(t, 1, text);
  const [call, other] = [new NumbersCall(site("wide"), [2 ** 40]), new NumbersCall(site("wide"), [7])];
  const otherEnd = endOf(() => {}, other);
  const end = await new Promise<End>((resolve) => {
    const { ended } = call;
    call.ended = (given) => {
      pool.submit(other);
      ended.call(call, given);
    };
    call.onEnd = resolve;
    pool.submit(call);
  });
  assert.equal([end, await otherEnd], [{ value: 2n ** 40n }, { value: 7n }]);
});

test("cancel() of a call that waits gives it back, and it may be submitted again", async (t) => {
  const { pool, site } = await openPool(t, 1, text);
  const spinning = new NumbersCall(site("spin"), [-1]);
  pool.submit(spinning);
  const call = new NumbersCall(site("picky"), [1]);
  const cancelled = endOf(() => pool.submit(call), call);
  pool.cancel(call);
  assert.equal(await cancelled, { code: "returned" });
  while (pool.running === 0) await nextTurn();
  const stopped = endOf(() => pool.cancel(spinning), spinning);
  assert.equal(await stopped, { code: "returned" });
  const again = new NumbersCall(site("picky"), [1]);
  assert.equal(await endOf(() => pool.submit(again), again), { value: 2 });
});

test("a chain whose links are submitted with the completion of the former comes to its end", async (t) => {
  const { pool, site } = await openPool(t, 2, text);
  const call = new NumbersCall(site("picky"), [1]);
  const end = await new Promise<End>((resolve) => {
    call.onEnd = (end) => {
      const value = (end as { value: number }).value;
      if (value === 5_000) resolve(end);
      else pool.submit(Object.assign(call, { args: [value] }));
    };
    pool.submit(call);
  });
  assert.equal(end, { value: 5_000 });
});

test("long calls run side by side, also when they are submitted together after short ones", async (t) => {
  const { pool, site } = await openPool(t, 2, text);
  for (let round = 0; round < 5; round++) {
    const short = Array.from({ length: 100 }, () => new NumbersCall(site("picky"), [round + 1]));
    await Promise.all(short.map((call) => endOf(() => pool.submit(call), call)));
    const long = Array.from({ length: 2 }, () => new NumbersCall(site("spin"), [-1]));
    for (const call of long) pool.submit(call);
    while (pool.running < 2) await nextTurn();
    await Promise.all(long.map((call) => endOf(() => pool.cancel(call), call)));
  }
});

test("a pool that looks on hears of calls that are short, and of those that last longer than it looks", async (t) => {
  const { pool, site } = await openPool(t, 1, text, true);
  for (let round = 0; round < 20; round++) {
    for (const turns of [1, 2_000_000]) {
      const call = new NumbersCall(site("spin"), [turns]);
      assert.equal(await endOf(() => pool.submit(call), call), { value: turns });
    }
  }
});

test("drain() ends with the last call that runs, and not with its deadline", async (t) => {
  const { pool, site } = await openPool(t, 1, text);
  const call = new NumbersCall(site("spin"), [50_000_000]);
  const end = endOf(() => pool.submit(call), call);
  while (pool.running === 0 && pool.size > 0) await nextTurn();
  await pool.drain(1_000_000);
  assert.equal(await end, { value: 50_000_000 });
});

test("a call that is ended while it waits for an answer leaves its worker to others", async (t) => {
  const { pool, site } = await openPool(t, 1, waiting);
  for (let round = 0; round < 3; round++) {
    const call = new WaitingCall(site("wait"), [1]);
    pool.submit(call);
    await call.isWaiting;
    assert.is(pool.blocked, 1);
    assert.equal(await endOf(() => pool.cancel(call), call), { code: "returned" });
    assert.is(pool.blocked, 0);
  }
});

/** Puts a number, and waits for its value. */
const waiting = `(module
  (import "wray" "put_float" (func $put (param f64) (result i32)))
  (import "wray" "take_float" (func $take (param i32) (result f64)))
  (func (export "wait") (param f64) (result f64)
    (call $take (call $put (local.get 0)))))`;

/** Nobody answers what it asks for. */
class WaitingCall extends NumbersCall {
  #waits = () => {};
  readonly isWaiting = new Promise<void>((resolve) => {
    this.#waits = resolve;
  });

  override said(message: Said): void {
    // The pool hears of it first.
    if (message.kind === "get") queueMicrotask(this.#waits);
  }
}
