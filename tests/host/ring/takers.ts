import source from "worker:./taker-thread.ts";
import { Worker } from "node:worker_threads";
import { parkedWord, runningWord, sleepsWord, wakeWord } from "../../../host/ring/control.ts";
import {
  completionsAt,
  controlAt,
  hostSleepsWord,
  hostState,
  sharedBytes,
  submissionsAt,
  viewShared,
  workerCountWord,
} from "../../../host/ring/layout.ts";
import { Completions, Submissions } from "../../../host/ring/rings.ts";
import type { TestContext } from "../../support/index.ts";
import type { TakerData } from "./taker-thread.ts";

/** Longer than any machine keeps a thread from running; who waits so long was not woken. */
const hangMs = 20_000;

/** Threads that take slots and give them back at once, with their rings, and what a host does with these. */
export class Takers {
  readonly submissions: readonly Submissions[];
  readonly #completions: readonly Completions[];
  readonly #words: Int32Array;

  constructor(t: Pick<TestContext, "after">, count: number) {
    const { buffer, words } = viewShared(new SharedArrayBuffer(sharedBytes));
    const indexes = Array.from({ length: count }, (_, index) => index);
    this.#words = words;
    this.submissions = indexes.map((index) => new Submissions(words, submissionsAt(index)));
    this.#completions = indexes.map((index) => new Completions(words, completionsAt(index)));
    words[workerCountWord] = count;
    for (const index of indexes) {
      const workerData: TakerData = { buffer, index };
      const thread = new Worker(source, { eval: true, workerData });
      t.after(() => thread.terminate());
    }
  }

  push(taker: number, slot: number): void {
    this.submissions[taker]!.push(slot);
    if (Atomics.load(this.#words, controlAt(taker) + sleepsWord) === 1) this.wake(taker);
  }

  wake(taker: number): void {
    Atomics.add(this.#words, controlAt(taker) + wakeWord, 1);
    Atomics.notify(this.#words, controlAt(taker) + wakeWord);
  }

  park(taker: number, isParked: boolean): void {
    Atomics.store(this.#words, controlAt(taker) + parkedWord, Number(isParked));
    if (!isParked) this.wake(taker);
  }

  /** What a taker announces; -1 for nothing. */
  announced(taker: number): number {
    return Atomics.load(this.#words, controlAt(taker) + runningWord) - 1;
  }

  /** What was given back since, and by whom; blocks until there is anything. */
  completed(): { slot: number; taker: number }[] {
    // A taker may wake the host for what that has seen already.
    while (true) {
      const found = this.#look();
      if (found.length > 0) return found;
      Atomics.store(this.#words, hostSleepsWord, hostState.blocked);
      const late = this.#look();
      if (late.length > 0) return late;
      if (Atomics.wait(this.#words, hostSleepsWord, hostState.blocked, hangMs) === "timed-out") {
        throw new Error("nobody woke the host, or a taker sleeps with something in its ring");
      }
    }
  }

  #look(): { slot: number; taker: number }[] {
    const found: { slot: number; taker: number }[] = [];
    for (const [taker, ring] of this.#completions.entries()) {
      for (let slot = ring.take(); slot >= 0; slot = ring.take()) found.push({ slot, taker });
    }
    return found;
  }
}
