/** Ends what waits for a peer that is gone: it may be frozen, and never answer, nor break its connections. */
export class Departures {
  /** What is to be ended with each peer. Not listeners of one signal, which Node warns of when they are many. */
  readonly #waits = new Map<string, Set<AbortController>>();

  /** Something begins to wait for a peer: it is ended when that is said to be gone. */
  join(peerId: string, wait: AbortController): void {
    const waits = this.#waits.get(peerId) ?? new Set();
    this.#waits.set(peerId, waits.add(wait));
  }

  /** It waits no more. */
  leave(peerId: string, wait: AbortController): void {
    const waits = this.#waits.get(peerId);
    waits?.delete(wait);
    if (waits?.size === 0) this.#waits.delete(peerId);
  }

  /** A peer is gone; if it comes back, that is another one. */
  gone(peerId: string): void {
    const waits = this.#waits.get(peerId) ?? [];
    this.#waits.delete(peerId);
    for (const wait of waits) wait.abort(new Error(`${peerId} is gone`));
  }
}
