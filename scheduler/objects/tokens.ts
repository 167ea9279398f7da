export const tokenBytes = 16;
/** How long a token may take to be shown. */
export const tokenMs = 10_000;
/** Whoever asks for tokens and shows none makes us forget the oldest. */
const mostTokens = 1_000;

/** Tokens that are good once, and not for long. */
export class Tokens<T> {
  readonly #issued = new Map<string, { what: T; untilMs: number }>();

  get size(): number {
    return this.#issued.size;
  }

  /** A new token for something. @param random as many random bytes as a token has */
  issue(what: T, nowMs: number, random: Uint8Array): Uint8Array {
    this.forgetOld(nowMs);
    // The oldest come first.
    const [oldest] = this.#issued.keys();
    if (this.#issued.size >= mostTokens) this.#issued.delete(oldest!);
    this.#issued.set(keyOf(random), { what, untilMs: nowMs + tokenMs });
    return random;
  }

  /** Lets go of what tokens were issued for that nobody has shown in time. */
  forgetOld(nowMs: number): void {
    for (const [key, { untilMs }] of this.#issued) {
      if (untilMs > nowMs) return;
      this.#issued.delete(key);
    }
  }

  /** What a token was issued for; undefined when it was not, or was shown before, or is too old. */
  redeem(token: Uint8Array, nowMs: number): T | undefined {
    const key = keyOf(token);
    const issued = this.#issued.get(key);
    this.#issued.delete(key);
    return issued !== undefined && issued.untilMs > nowMs ? issued.what : undefined;
  }
}

const keyOf = (token: Uint8Array) => token.join();
