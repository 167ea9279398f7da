import { MessageChannel } from "node:worker_threads";
import { controlWords, mailWord } from "../../../host/ring/control.ts";
import { Mailbox } from "../../../host/worker/mailbox.ts";
import type { NestedReply, ToWorker } from "../../../host/worker/messages.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("Mailbox");

function openMailbox({ after }: { after(end: () => void): void }) {
  const { port1, port2 } = new MessageChannel();
  after(() => port1.close());
  const control = new Int32Array(new SharedArrayBuffer(4 * controlWords));
  const mailbox = new Mailbox({ port: port2, control, onModule() {}, onSite() {} });
  const post = (message: ToWorker) => {
    port1.postMessage(message);
    Atomics.add(control, mailWord, 1);
  };
  return { mailbox, post };
}

const ready = (ref: number): NestedReply => ({ kind: "ready", refs: [ref] });

test("takeReply() gives the answer to a call once", (t) => {
  const { mailbox, post } = openMailbox(t);
  assert.is(mailbox.takeReply(7), undefined);
  post({ kind: "reply", ticket: 7, reply: ready(1) });
  assert.equal(mailbox.takeReply(7), ready(1));
  assert.is(mailbox.takeReply(7), undefined);
});

test("takeReply() drops the answer to a call that has ended meanwhile", (t) => {
  const { mailbox, post } = openMailbox(t);
  post({ kind: "reply", ticket: 7, reply: ready(1) });
  mailbox.read();
  assert.is(mailbox.takeReply(8), undefined);
  post({ kind: "reply", ticket: 8, reply: ready(2) });
  assert.equal(mailbox.takeReply(8), ready(2));
});

test("segments are there until they are forgotten", (t) => {
  const { mailbox, post } = openMailbox(t);
  post({ kind: "segment", id: 3, buffer: new SharedArrayBuffer(16) });
  mailbox.read();
  assert.is(mailbox.segment(3).byteLength, 16);
  post({ kind: "forget", segment: 3 });
  mailbox.read();
  assert.is(mailbox.segment(3), undefined);
});
