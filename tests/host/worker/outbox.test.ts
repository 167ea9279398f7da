import { controlBytes, handledWord } from "../../../host/ring/control.ts";
import type { Said } from "../../../host/worker/messages.ts";
import { Meter } from "../../../host/worker/meter.ts";
import { Outbox, weightOf } from "../../../host/worker/outbox.ts";
import { defaultLimits } from "../../../scheduler/protocol/limits.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("worker/outbox");

const free: Said = { kind: "free", ref: 1 };
const put = (bytes: number): Said => ({ kind: "put", ref: 1, value: new Uint8Array(bytes) });

function outbox() {
  const control = new Int32Array(new SharedArrayBuffer(controlBytes));
  const meter = new Meter(control);
  const posted: Said[] = [];
  const box = new Outbox({ meter, control, post: (message) => posted.push(message) });
  meter.begin("test/kernel", 1, { ...defaultLimits, timeoutMs: 20 });
  return { box, posted, control };
}

/** Sends until the time of the call is over. */
const flood = (box: Outbox, message: Said) =>
  throwsCode(() => {
    while (true) box.send(message);
  }, "TASK_TIMEOUT");

test("send() waits, until the call has to end, when the host handles nothing", () => {
  const { box, posted } = outbox();
  flood(box, free);
  assert.is(posted.length, 1_025);
});

test("send() waits sooner when messages are large", () => {
  const { box, posted } = outbox();
  flood(box, put(100 * 1024));
  assert.is(posted.length, 11);
});

test("send() goes on when the host has handled what was sent, past the end of 32-bit numbers, too", () => {
  const { box, posted, control } = outbox();
  const large = put(2 ** 26);
  for (let sent = 0; sent < 40_000; sent++) {
    box.send(large);
    Atomics.add(control, handledWord, weightOf(large));
  }
  assert.is(posted.length, 40_000);
});

test("weightOf() counts what a message carries", () => {
  assert.is(weightOf(free), 1);
  assert.is(weightOf({ kind: "log", text: "x".repeat(1024) }), 3);
  assert.is(weightOf(put(4096)), 5);
  assert.is(weightOf({ kind: "submit", ref: 1, kernel: "", args: [1, new Uint8Array(2048)] }), 3);
});
