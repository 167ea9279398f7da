import { largeOf } from "./kernels.ts";
import type { Program } from "./program.ts";
import type { Submitted } from "./task.ts";
import type { Tasks } from "./tasks.ts";
import type { World } from "./world.ts";

/** How long a text that stands for a ref is on its way from one program to another, at most, in ms. */
const mostPassedMs = 300;

/** Refs that one program has of what another owns: given on, taken, and let go of, by both, in any order. */
export class Sharing {
  readonly #world: World;
  readonly #tasks: Tasks;
  readonly #random: () => number;
  readonly #peers: () => readonly Program[];

  /** @param peers all programs, also this one */
  constructor(world: World, tasks: Tasks, random: () => number, peers: () => readonly Program[]) {
    this.#world = world;
    this.#tasks = tasks;
    this.#random = random;
    this.#peers = peers;
  }

  /** Makes something, and shares it with others; mostly it is held until these have it. */
  lend(): void {
    const source = this.#made();
    for (let left = 1 + this.#tasks.below(2); left > 0; left--) this.#pass(source);
    if (this.#random() < 0.2) this.#tasks.drop(source);
    else this.#tasks.later(mostPassedMs + 1_500 * this.#random(), () => this.#tasks.drop(source));
  }

  /** Takes what another program has passed on, for tasks of its own. */
  take(source: Submitted, owner: string): void {
    const borrowed = this.#tasks.borrow(source, owner);
    let last = borrowed;
    for (let left = this.#tasks.below(4); left > 0; left--) {
      const takes = this.#random() < 0.3 ? [last] : [borrowed, this.#tasks.number()];
      last = this.#tasks.submit(this.#tasks.pick(["small", "large"]), takes);
    }
    const [isPassedOn, isTakenAgain] = [this.#random() < 0.2, this.#random() < 0.2];
    if (isPassedOn) this.#pass(borrowed);
    if (this.#random() < 0.4) this.#tasks.drop(borrowed);
    else
      this.#tasks.later(2_500 * this.#random(), () => {
        this.#tasks.fetchAgain(borrowed);
        if (this.#random() < 0.5) this.#tasks.drop(borrowed);
      });
    // Perhaps it is known here only because something was made of it.
    if (isTakenAgain) this.#tasks.later(1_000 * this.#random(), () => this.#tasks.borrow(source, owner));
    this.#tasks.later(1_000 + 2_000 * this.#random(), () => this.#tasks.fetchAgain(last));
  }

  #made(): Submitted {
    const [seed, { submitter }] = [this.#tasks.number(), this.#tasks.client];
    switch (this.#tasks.below(8)) {
      case 0:
        return this.#tasks.submit("fails", [seed]);
      case 1:
        return this.#tasks.submit(this.#tasks.pick(["small", "text"]), [seed]);
      case 2:
        return this.#tasks.put(largeOf(20_000, seed), 1);
      case 3:
        return this.#tasks.put(largeOf(20_000, seed), 2);
      case 4: {
        // The first is known only as what the second was made of.
        const first = this.#tasks.submit("large", [seed]);
        const second = this.#tasks.submit("large", [first]);
        submitter.lend(first.id);
        this.#tasks.later(500 * this.#random(), () => this.#tasks.drop(first));
        this.#pass(first);
        return second;
      }
      default:
        return this.#tasks.submit("large", [seed]);
    }
  }

  #pass(source: Submitted): void {
    const { submitter } = this.#tasks.client;
    submitter.lend(source.id);
    const owner = submitter.ownerOf(source.id);
    const peer = this.#tasks.pick(this.#peers());
    this.#world.message(peer.client.process, 0.1 + mostPassedMs * this.#random() ** 2, "passed on", () =>
      peer.take(source, owner),
    );
  }
}
