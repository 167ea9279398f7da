import { parkedWord, runningWord } from "./control.ts";
import { controlAt, mostWorkers, type Shared, submissionsAt, workerCountWord } from "./layout.ts";
import { Submissions } from "./rings.ts";

/** What a worker has to do: the calls of its own ring first, then those that wait behind others. */
export class Intake {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #own: Submissions;
  readonly #parked: number;
  readonly #running: number;
  readonly #others: Submissions[] = [];
  #next: number;

  /** @param index the worker's own */
  constructor({ words }: Shared, index: number) {
    this.#words = words;
    this.#index = index;
    this.#own = new Submissions(words, submissionsAt(index));
    this.#parked = controlAt(index) + parkedWord;
    this.#running = controlAt(index) + runningWord;
    for (let other = 0; other < mostWorkers; other++)
      this.#others.push(new Submissions(words, submissionsAt(other)));
    this.#next = index;
  }

  /** The next call; -1 when there is none, or none for this worker. */
  take(): number {
    if (Atomics.load(this.#words, this.#parked) === 1) return -1;
    const slot = this.#own.take(this.#running);
    return slot >= 0 ? slot : this.#steal();
  }

  get isEmpty(): boolean {
    if (Atomics.load(this.#words, this.#parked) === 1) return true;
    const count = Atomics.load(this.#words, workerCountWord);
    for (let other = 0; other < count; other++) if (this.#others[other]!.length > 0) return false;
    return true;
  }

  /** Begins with another victim each time, so that many thieves don't all try the same. */
  #steal(): number {
    const count = Atomics.load(this.#words, workerCountWord);
    for (let tried = 0; tried < count; tried++) {
      this.#next = (this.#next + 1) % count;
      const slot = this.#next === this.#index ? -1 : this.#others[this.#next]!.take(this.#running);
      if (slot >= 0) return slot;
    }
    return -1;
  }
}
