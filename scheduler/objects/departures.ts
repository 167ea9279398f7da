/** Ends what waits for a peer that is gone: it may be frozen, and never answer, nor break its connections. */
export class Departures {
  readonly #controllers = new Map<string, AbortController>();

  /** Is aborted when the peer is said to be gone. */
  signalOf(peerId: string): AbortSignal {
    let controller = this.#controllers.get(peerId);
    if (controller === undefined) {
      controller = new AbortController();
      this.#controllers.set(peerId, controller);
    }
    return controller.signal;
  }

  /** A peer is gone; if it comes back, that is another one. */
  gone(peerId: string): void {
    const controller = this.#controllers.get(peerId);
    this.#controllers.delete(peerId);
    controller?.abort(new Error(`${peerId} is gone`));
  }
}
