// Takes slots out of rings as a worker does, and gives each back at once.
import { workerData } from "node:worker_threads";
import { runningWord, sleepsWord, wakeWord } from "../../../host/ring/control.ts";
import { Intake } from "../../../host/ring/intake.ts";
import {
  completionsAt,
  controlAt,
  hostSleepsWord,
  hostState,
  viewShared,
} from "../../../host/ring/layout.ts";
import { Completions } from "../../../host/ring/rings.ts";

export type TakerData = { buffer: SharedArrayBuffer; index: number };

const { buffer, index } = workerData as TakerData;
const shared = viewShared(buffer);
const { words } = shared;
const at = controlAt(index);
const intake = new Intake(shared, index);
const completions = new Completions(words, completionsAt(index));

while (true) {
  const woken = Atomics.load(words, at + wakeWord);
  const slot = intake.take();
  if (slot >= 0) {
    completions.push(slot);
    Atomics.store(words, at + runningWord, 0);
    if (Atomics.load(words, hostSleepsWord) === hostState.awake) continue;
    Atomics.store(words, hostSleepsWord, hostState.awake);
    Atomics.notify(words, hostSleepsWord);
  } else {
    // It sleeps at once: the more often, the more wake-ups can be lost.
    Atomics.store(words, at + sleepsWord, 1);
    if (intake.isEmpty) Atomics.wait(words, at + wakeWord, woken);
    Atomics.store(words, at + sleepsWord, 0);
  }
}
