import { InvalidTaskError } from "../../protocol/errors.ts";
import { Deque } from "../../queue/deque.ts";
import type { Actor } from "./actor.ts";

/**
 * Actors that are alike, each of which has one piece of work at a time. An actor that has failed at one gets the next all
 * the same.
 *
 *     const pool = new ActorPool([Model.remote(1), Model.remote(1)]);
 *     const scores = pool.map((model, text) => wray.get(model.score.remote(text)), texts);
 *     for await (const score of scores) console.log(score);
 */
export class ActorPool<Handle extends Actor> {
  readonly #free = new Deque<Handle>();
  readonly #waiting = new Deque<(actor: Handle) => void>();
  /** So many results are on their way, or wait for who reads them: enough for an actor that is free to have work. */
  readonly #ahead: number;

  /** @throws InvalidTaskError without actors */
  constructor(actors: readonly Handle[]) {
    if (actors.length === 0) throw new InvalidTaskError("a pool needs one actor or more, and was given none");
    for (const actor of actors) this.#free.push(actor);
    this.#ahead = 2 * actors.length;
  }

  /**
   * Has an actor do something, once one is free; those that wait get theirs in order.
   * @param work resolves when the actor is free again
   * @returns what `work` does
   */
  async submit<Result>(work: (actor: Handle) => Promise<Result>): Promise<Result> {
    const actor = this.#free.shift() ?? (await new Promise<Handle>((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(actor);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(actor);
      else next(actor);
    }
  }

  /**
   * The results for these values, in their order. It takes a few values ahead of who reads the results, so there may be any
   * number of them. The first that fails ends it with its error.
   */
  async *map<Value, Result>(
    work: (actor: Handle, value: Value) => Promise<Result>,
    values: Iterable<Value> | AsyncIterable<Value>,
  ): AsyncGenerator<Result, void, undefined> {
    const results = new Deque<Promise<Result>>();
    for await (const value of values) {
      results.push(this.#begun((actor) => work(actor, value)));
      if (results.size === this.#ahead) yield await results.shift()!;
    }
    while (results.size > 0) yield await results.shift()!;
  }

  /** The same results as they come, each with its value. */
  async *mapUnordered<Value, Result>(
    work: (actor: Handle, value: Value) => Promise<Result>,
    values: Iterable<Value> | AsyncIterable<Value>,
  ): AsyncGenerator<{ value: Value; result: Result }, void, undefined> {
    type Done = { number: number; value: Value; result: Result };
    const running = new Map<number, Promise<Done>>();
    let count = 0;
    const first = async () => {
      const { number, value, result } = await Promise.race(running.values());
      running.delete(number);
      return { value, result };
    };
    for await (const value of values) {
      const number = count++;
      running.set(
        number,
        this.#begun(async (actor) => ({ number, value, result: await work(actor, value) })),
      );
      if (running.size === this.#ahead) yield await first();
    }
    while (running.size > 0) yield await first();
  }

  #begun<Result>(work: (actor: Handle) => Promise<Result>): Promise<Result> {
    const result = this.submit(work);
    // Nobody may come to read it, when one before it fails.
    result.catch(() => {});
    return result;
  }
}
