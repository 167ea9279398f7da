import { headOffset, ringWords, tailOffset } from "../../../host/ring/layout.ts";
import { Submissions } from "../../../host/ring/rings.ts";
import { forSeeds, type Random } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";
import { withSteps } from "./between-steps.ts";

const test = suite("rings, any interleaving");

const takerCount = 4;
const mostSlots = 6;

/**
 * Takers and a host at one ring. Before any atomic operation of one of them, others may do something from beginning to
 * end, and in between these again others: all that can be seen of an operation is what was before and after its steps.
 */
class Play {
  readonly #random: Random;
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * (ringWords + takerCount)));
  readonly #ring = new Submissions(this.#words, 0);
  readonly #free = Array.from({ length: mostSlots }, (_, slot) => slot);
  /** Pushed, and nobody has said that it has them. */
  readonly #waiting = new Set<number>();
  /** Taken before its `push` has returned. */
  readonly #early = new Set<number>();
  /** Who is in the middle of something; the host is -1. */
  readonly #busy: number[] = [];
  /** What each taker has taken and not run yet. */
  readonly #taken: number[] = new Array(takerCount).fill(-1);
  #isChecking = false;
  taken = 0;

  constructor(random: Random) {
    this.#random = random;
    const start = random.pick([0, 0x7fff_ffff, -1]) - random.below(8);
    this.#words[headOffset] = start;
    this.#words[tailOffset] = start;
  }

  run(): void {
    withSteps(
      () => this.#between(),
      () => {
        for (let turn = 0; turn < 60; turn++) this.#turn();
      },
    );
    while (this.#waiting.size > 0) this.#hostTakes();
    assert.is(this.#ring.length, 0);
  }

  #between(): void {
    if (this.#isChecking) return;
    this.#isChecking = true;
    // The host knows by itself what it is about to take.
    if (!this.#busy.includes(-1)) this.#checkNothingIsLost();
    this.#isChecking = false;
    if (this.#busy.length <= takerCount && this.#random.happens(0.3)) this.#turn();
  }

  #checkNothingIsLost(): void {
    const announced = this.#words.subarray(ringWords);
    for (const slot of this.#waiting) {
      assert.ok(this.#ring.has(slot) || announced.includes(slot + 1), `slot ${slot} is nowhere`);
    }
  }

  /** Someone who is not in the middle of something does something. */
  #turn(): void {
    const who = this.#random.below(takerCount + 1) - 1;
    if (this.#busy.includes(who)) return;
    this.#busy.push(who);
    if (who >= 0) this.#takerTurn(who);
    else if (this.#random.happens(0.7)) this.#hostPushes();
    else this.#hostTakes();
    this.#busy.pop();
  }

  #hostPushes(): void {
    const slot = this.#free.shift();
    if (slot === undefined) return;
    this.#ring.push(slot);
    // Takers may have been faster than this.
    if (!this.#early.delete(slot)) this.#waiting.add(slot);
  }
  #hostTakes(): void {
    const slot = this.#ring.take();
    if (slot < 0) return;
    this.#tookOver(slot);
    this.#free.push(slot);
  }

  #takerTurn(who: number): void {
    const held = this.#taken[who]!;
    if (held >= 0) {
      // It has run it.
      this.#taken[who] = -1;
      this.#words[ringWords + who] = 0;
      this.#free.push(held);
    } else if (this.#random.happens(0.2)) {
      assert.ok(this.#ring.length >= 0, "a length below 0");
    } else {
      const slot = this.#ring.take(ringWords + who);
      assert.is(this.#words[ringWords + who], slot + 1);
      if (slot < 0) return;
      this.#tookOver(slot);
      this.#taken[who] = slot;
    }
  }

  #tookOver(slot: number): void {
    this.taken++;
    if (this.#waiting.delete(slot)) return;
    assert.not(this.#early.has(slot), `slot ${slot} was taken twice`);
    assert.not(this.#free.includes(slot) || this.#taken.includes(slot), `slot ${slot} was taken twice`);
    this.#early.add(slot);
  }
}

test("each slot is taken once, and is in the ring or announced until its taker has it", () => {
  let taken = 0;
  forSeeds(3_000, (random) => {
    const play = new Play(random);
    play.run();
    taken += play.taken;
  });
  if (process.env.WRAY_SEED === undefined) assert.ok(taken > 30_000, `only ${taken} were taken`);
});
