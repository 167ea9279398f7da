import { type MessagePort, workerData } from "node:worker_threads";
import { controlWords, postedWord, sleepsWord, wakeWord } from "../ring/control.ts";
import { Intake } from "../ring/intake.ts";
import { controlAt, viewShared } from "../ring/layout.ts";
import { CallRunner } from "./call-runner.ts";
import { Collectives } from "./collectives.ts";
import { FileRing } from "./file-ring.ts";
import { HostFunctions } from "./host-functions.ts";
import { Mailbox } from "./mailbox.ts";
import { Mesh } from "./mesh.ts";
import type { FromWorker, Said } from "./messages.ts";
import { Meter } from "./meter.ts";
import { Nested } from "./nested.ts";
import { Outbox } from "./outbox.ts";
import { Patience } from "./patience.ts";
import { mostFrames } from "./trap.ts";

// A worker thread: it takes calls out of rings in shared memory, one at a time, for as long as it lives.

Error.stackTraceLimit = mostFrames;

export type WorkerData = { buffer: SharedArrayBuffer; index: number; port: MessagePort };

const { buffer, index, port } = workerData as WorkerData;
const shared = viewShared(buffer);
const start = controlAt(index);
const control = shared.words.subarray(start, start + controlWords);

const meter = new Meter(control);
const post = (message: FromWorker) => {
  port.postMessage(message);
  Atomics.add(control, postedWord, 1);
};
const outbox = new Outbox({
  meter,
  control,
  post: (message: Said) => runner.say(message),
});
const mailbox: Mailbox = new Mailbox({
  port,
  control,
  onModule: (module) => runner.addModule(module),
  onSite: (index, site) => runner.addSite(index, site),
});
const receive = () => mailbox.takeReply(runner.ticket);
const nested = new Nested({ meter, control, post: outbox.send, receive });
const wake = (worker: number) => {
  const word = controlAt(worker) + wakeWord;
  Atomics.add(shared.words, word, 1);
  Atomics.notify(shared.words, word);
};
const mesh = new Mesh({
  ...{ meter, index, wake, receive },
  post: outbox.send,
  ofFile: (file, size, from, to) => new FileRing(file, size, from, to),
});
const collectives = new Collectives(mesh);
const host = new HostFunctions({ meter, nested, collectives, post: outbox.send });
const runner = new CallRunner({ shared, control, index, meter, nested, collectives, host, mailbox, post });
const intake = new Intake(shared, index);
const patience = new Patience();

post({ kind: "ready" });
while (true) {
  // Whatever comes after this is seen, or wakes the worker from its sleep.
  const woken = Atomics.load(control, wakeWord);
  const slot = intake.take();
  mailbox.read();
  if (slot >= 0) {
    runner.run(slot);
    patience.begin();
  } else if (!patience.isOver()) {
  } else {
    Atomics.store(control, sleepsWord, 1);
    // What was pushed before the host could see that it sleeps is there by now.
    if (intake.isEmpty) Atomics.wait(control, wakeWord, woken);
    Atomics.store(control, sleepsWord, 0);
    patience.woken();
  }
}
