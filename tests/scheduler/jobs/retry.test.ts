import { retryAfterMs } from "../../../scheduler/jobs/retry.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("jobs/retry");

test("retryAfterMs() doubles the wait with each attempt, up to 5 minutes, and takes a part off by chance", () => {
  const rules = { backoffMs: 100, maxRetries: 100 };
  const waits = [1, 2, 3, 4, 20].map((attempts) => retryAfterMs("HOST_DIED", attempts, rules, 1));
  assert.equal(waits, [100, 200, 400, 800, 300_000]);
  assert.is(retryAfterMs("HOST_DIED", 3, rules, 0), 200);
  assert.is(retryAfterMs("HOST_DIED", 3, rules, 0.5), 300);
  assert.is(retryAfterMs("HOST_DIED", 1_000, { ...rules, maxRetries: 2_000 }, 1), 300_000);
  assert.is(retryAfterMs("HOST_DIED", 1, { backoffMs: 0 }, 1), 0);
});

test("retryAfterMs() gives no time once there were maxRetries, by default 3", () => {
  const wait = (attempts: number, rules = {}) => retryAfterMs("WORKER_CRASHED", attempts, rules, 1);
  assert.equal([wait(1), wait(2), wait(3), wait(4)], [1_000, 2_000, 4_000, undefined]);
  assert.is(wait(1, { maxRetries: 0 }), undefined);
});

test("retryAfterMs() retries what the kernel itself came to only if asked, and what nothing can mend never", () => {
  for (const code of ["TASK_ERROR", "STACK_OVERFLOW", "TASK_TIMEOUT", "OUT_OF_MEMORY", "LIMIT_EXCEEDED"]) {
    assert.is(retryAfterMs(code, 1, {}, 1), undefined, code);
    assert.is(retryAfterMs(code, 1, { retryErrors: true }, 1), 1_000, code);
  }
  for (const code of ["INVALID_TASK", "MODULE_NOT_FOUND", "PROTOCOL_ERROR", "TypeError"]) {
    assert.is(retryAfterMs(code, 1, { retryErrors: true }, 1), undefined, code);
  }
});
