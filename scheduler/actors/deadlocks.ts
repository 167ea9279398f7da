import { DeadlockError } from "../protocol/errors.ts";
import { ownerOfId } from "../protocol/ids.ts";
import type { WaitMessage, WaitStep, WaitTarget } from "../protocol/messages.ts";

/** What has waited for so long, in ms, may wait for ever. */
const patienceMs = 250;
/** How often the owner of what waits is told that it still does. */
const beatMs = 400;
/** What an owner was not told for so long waits no more. */
const mostSilentMs = 2_000;
/** A longer way is not followed. */
const mostSteps = 32;

export type DeadlocksDeps = {
  clientId: string;
  publish(to: string, message: WaitMessage): void;
  /** Whether a method of an actor of ours runs beside others of it, so that it waits for none of them. */
  runsBeside(actorId: string, method: string): boolean;
  nowMs(): number;
};

/** Who waits: a task, or an actor, by its id; and what to call it. */
export type Waiter = { id: string; label: string };
type Wait = Waiter & {
  to: WaitTarget;
  sinceMs: number;
  beat: number;
  toldMs: number;
  /** The way back to itself that was found last. */
  found: readonly WaitStep[] | undefined;
  failed(error: DeadlockError): void;
};

/** A wait as the owner of what waits was told of it. */
type Edge = { step: WaitStep; to: WaitTarget; heardMs: number };

/**
 * Finds tasks and actors that wait for each other in a circle, wherever they are. Each has an owner, which its id tells.
 * What waits for long tells its own owner so, again and again, which asks the owner of what it waits for whether that waits,
 * too, and so on: when the way leads back, all that are on it are told. This is Chandy, Misra and Haas' edge chasing. Some of
 * the waits on a way may be over when it has been followed; but when it is found once more, and each of the same waits has
 * been said anew in between, all were there at one time, and none of them can end. Then the one with the least id fails.
 */
export class Deadlocks {
  readonly #deps: DeadlocksDeps;
  /** What waits here, by a number of ours. */
  readonly #waits = new Map<number, Wait>();
  /** What those wait for that are ours, by their ids and by where they wait. */
  readonly #edges = new Map<string, Map<string, Edge>>();
  #count = 0;

  constructor(deps: DeadlocksDeps) {
    this.#deps = deps;
  }

  /** Somebody waits here. Returns how to tell that it does no longer. */
  wait(waiter: Waiter, to: WaitTarget, failed: (error: DeadlockError) => void): () => void {
    const number = this.#count++;
    const sinceMs = this.#deps.nowMs();
    this.#waits.set(number, { ...waiter, to, failed, sinceMs, beat: 0, toldMs: sinceMs, found: undefined });
    return () => this.#waits.delete(number);
  }

  /** To be called now and then. */
  tick(): void {
    const nowMs = this.#deps.nowMs();
    for (const [id, edges] of this.#edges) {
      for (const [key, { heardMs }] of edges) if (nowMs - heardMs > mostSilentMs) edges.delete(key);
      if (edges.size === 0) this.#edges.delete(id);
    }
    for (const [number, wait] of this.#waits) {
      if (nowMs - wait.sinceMs < patienceMs || (wait.beat > 0 && nowMs - wait.toldMs < beatMs)) continue;
      wait.toldMs = nowMs;
      const step = { id: wait.id, label: wait.label, at: this.#deps.clientId, number, beat: ++wait.beat };
      this.#send(wait.id, { kind: "waits", step, to: wait.to });
    }
  }

  /** Takes in what others say. */
  heard(message: WaitMessage): void {
    switch (message.kind) {
      case "waits": {
        const { step, to } = message;
        const edges = this.#edges.get(step.id) ?? new Map<string, Edge>();
        this.#edges.set(step.id, edges);
        edges.set(`${step.at}.${step.number}`, { step, to, heardMs: this.#deps.nowMs() });
        this.#send(to.id, { kind: "probe", steps: [step], to });
        return;
      }
      case "probe":
        this.#follow(message.steps, message.to);
        return;
      case "circle":
        this.#found(message.steps);
    }
  }

  #follow(steps: readonly WaitStep[], { id, method }: WaitTarget): void {
    if (steps.length >= mostSteps) return;
    if (method !== undefined && this.#deps.runsBeside(id, method)) return;
    const first = steps[0]!;
    if (id === first.id) {
      this.#deps.publish(first.at, { kind: "circle", steps: [...steps] });
      return;
    }
    // A circle that this way only leads to is found by those that are in it.
    if (steps.some((step) => step.id === id)) return;
    for (const { step, to } of this.#edges.get(id)?.values() ?? [])
      this.#send(to.id, { kind: "probe", steps: [...steps, step], to });
  }

  #found(steps: readonly WaitStep[]): void {
    const [first, ...others] = steps;
    const wait = this.#waits.get(first!.number);
    // Of all that are told of the circle, one breaks it.
    if (wait === undefined || others.some(({ id }) => id < wait.id)) return;
    const { found } = wait;
    wait.found = steps;
    const isSame =
      found?.length === steps.length &&
      found.every(({ at, number, beat }, index) => {
        const step = steps[index]!;
        return at === step.at && number === step.number && beat < step.beat;
      });
    if (isSame) wait.failed(deadlock(steps));
  }

  #send(id: string, message: WaitMessage): void {
    const owner = ownerOfId(id);
    if (owner === this.#deps.clientId) this.heard(message);
    else this.#deps.publish(owner, message);
  }
}

function deadlock(steps: readonly WaitStep[]): DeadlockError {
  const names = steps.map(({ id, label }) => `${label} (${id})`);
  const cycle = [...names, names[0]!];
  return new DeadlockError(
    steps.length === 1
      ? `${cycle[0]} waits for itself`
      : `${cycle.join(" waits for ")}: none of them can go on`,
    {
      remedy: "Have one of them go on without waiting, by not taking the result of its call.",
      data: { cycle },
    },
  );
}
