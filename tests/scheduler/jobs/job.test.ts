import { encode } from "@msgpack/msgpack";
import { parseJob } from "../../../scheduler/jobs/job.ts";
import { deliveriesOf } from "../../../scheduler/jobs/job-feed.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("jobs/job");

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const add = { kernel: "math/add", args: [1, 2] };

test("parseJob() reads a task, and how it is to be tried again", () => {
  const job = { ...add, id: "mine", timeoutMs: 5, maxRetries: 0, backoffMs: 10, retryErrors: true };
  assert.equal(parseJob(json({ ...job, v: 1 }), "json", "mine"), job);
  assert.equal(parseJob(encode(job), "msgpack", "mine"), job);
  const wide = encode({ ...job, maxRetries: 2n, backoffMs: 3n }, { useBigInt64: true });
  assert.equal(parseJob(wide, "msgpack", "mine"), { ...job, maxRetries: 2, backoffMs: 3 });
  const values = [Uint8Array.of(3)];
  assert.equal(parseJob(encode({ kernel: "a/b", module: "f", values }), "msgpack", "mine"), {
    ...{ kernel: "a/b", module: "f", values, args: [] },
  });
});

test("parseJob() refuses what is none", () => {
  const refuse = (value: unknown, code = "PROTOCOL_ERROR", id = "mine") =>
    throwsCode(() => parseJob(json(value), "json", id), code);
  for (const field of [{ maxRetries: -1 }, { maxRetries: 1.5 }, { backoffMs: "1" }, { retryErrors: 1 }]) {
    refuse({ ...add, ...field });
  }
  refuse({ ...add, values: [1] });
  refuse({ ...add, v: 2 });
  refuse({ ...add, other: 1 }, "INVALID_TASK");
  refuse({ ...add, id: "yours" }, "INVALID_TASK");
  refuse(add, "INVALID_TASK", "a$b");
});

test("deliveriesOf() counts by the subject of the answer, in its old form and its new", () => {
  assert.is(deliveriesOf("$JS.ACK.stream.hosts.3.7.9.1700000000.0"), 3);
  assert.is(deliveriesOf("$JS.ACK._.hash.stream.hosts.4.7.9.1700000000.0.random"), 4);
  for (const other of [undefined, "", "_INBOX.abc.1", "$JS.ACK.short"])
    assert.is(deliveriesOf(other), undefined);
});
