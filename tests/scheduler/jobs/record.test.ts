import { encode } from "@msgpack/msgpack";
import { decodeRecord, encodeRecord, isFinal, type JobRecord } from "../../../scheduler/jobs/record.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("jobs/record");

const done: JobRecord = {
  v: 1,
  id: "a",
  state: "done",
  atMs: 5.5,
  kernel: "math/add",
  attempts: 1,
  value: [1, "2"],
};
const failed: JobRecord = {
  ...{ v: 1, id: "a", state: "failed", atMs: 5, excused: 2, host: "h" },
  error: { code: "TASK_ERROR", message: "no", data: { position: "a.ts:1:2" } },
};

test("decodeRecord() reads what encodeRecord() wrote, in both formats", () => {
  for (const format of ["json", "msgpack"] as const) {
    for (const record of [done, failed, { ...failed, state: "retrying" } satisfies JobRecord]) {
      assert.equal(decodeRecord(encodeRecord(record, format)), record);
    }
  }
  const encoded: JobRecord = { v: 1, id: "a", state: "done", atMs: 5, encoded: Uint8Array.of(1, 2) };
  assert.equal(decodeRecord(encodeRecord(encoded, "msgpack")), encoded);
});

test("decodeRecord() gives nothing for what is no record", () => {
  const texts = [
    "",
    "hello",
    "[]",
    "null",
    "{}",
    '{"v":1,"id":"a","state":"odd","atMs":1}',
    '{"v":1,"id":"a"}',
  ];
  for (const text of texts) assert.is(decodeRecord(new TextEncoder().encode(text)), undefined, text);
  for (const value of [{}, { ...done, id: 5 }, { ...done, atMs: "now" }, { ...done, error: "no" }, [done]]) {
    assert.is(decodeRecord(encode(value)), undefined);
  }
  assert.is(decodeRecord(encode(done).subarray(0, 20)), undefined);
});

test("isFinal() is false only while a job is to be run again", () => {
  assert.equal(
    [isFinal(done), isFinal(failed), isFinal({ ...failed, state: "retrying" })],
    [true, true, false],
  );
});
