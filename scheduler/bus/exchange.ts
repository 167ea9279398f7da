import type { Packet } from "../protocol/messages.ts";
import { Link } from "./link.ts";

/** How often an exchange looks at its links. */
const tickMs = 100;
/** A packet that is not acknowledged for so long is sent again. */
const resendMs = 1_000;
/** One to a peer that has never answered, sooner: it can't know that it has missed any. */
const firstResendMs = 250;

export type ExchangeDeps<Out, In> = {
  /** Our own id, as others know it. */
  id: string;
  /** Tells us from whoever had that id before. */
  life?: string;
  publish(peerId: string, packet: Packet<Out>): void;
  deliver(peerId: string, message: In): void;
  /** A peer can't go on with its session: it knows none, or has ended it. */
  onReset?(peerId: string): void;
  nowMs?(): number;
};

/**
 * The links of one process to its peers. What is sent within one turn leaves together at its end; what is not
 * acknowledged is sent again after a while, and when either side has lost its connection and has it back.
 */
export class Exchange<Out, In> {
  readonly #deps: ExchangeDeps<Out, In>;
  readonly #nowMs: () => number;
  readonly #links = new Map<string, Link<Out, In>>();
  readonly #heardMs = new Map<string, number>();
  readonly #ticker: NodeJS.Timeout;
  #isFlushDue = false;

  constructor(deps: ExchangeDeps<Out, In>) {
    this.#deps = deps;
    this.#nowMs = deps.nowMs ?? (() => performance.now());
    this.#ticker = setInterval(() => this.resend(), tickMs);
    this.#ticker.unref();
  }

  /** Begins a session with a peer; one that was there before is forgotten. */
  open(peerId: string, session: string): void {
    this.#links.set(peerId, new Link(this.#head(session)));
    this.#heardMs.set(peerId, this.#nowMs());
  }

  has(peerId: string): boolean {
    return this.#links.has(peerId);
  }

  /** Those with an open session. */
  get peers(): string[] {
    return [...this.#links.keys()];
  }

  /** Ends a session. Returns which it was, if there was one. */
  forget(peerId: string): string | undefined {
    const session = this.#links.get(peerId)?.session;
    this.#links.delete(peerId);
    this.#heardMs.delete(peerId);
    return session;
  }

  /** Tells a peer that this session is over. */
  refuse(peerId: string, session: string): void {
    this.#deps.publish(peerId, { ...this.#head(session), seq: 0, ack: 0, messages: [], reset: true });
  }

  /** Queues a message of about `bytes` to a peer with an open session; to others it is dropped. */
  send(peerId: string, message: Out, bytes: number): void {
    this.#links.get(peerId)?.send(message, bytes);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => this.flush());
  }

  /** Sends what is queued now rather than at the end of the turn. */
  flush(): void {
    this.#isFlushDue = false;
    const nowMs = this.#nowMs();
    for (const [peerId, link] of this.#links) this.#publish(peerId, link.flush(nowMs));
  }

  /**
   * Takes in a packet. `accept` hears of a peer that begins a session here, whose name sorts after that of the one before.
   * A packet of any other session than the one with that peer is refused, and so are all of strangers without `accept`.
   */
  receive(packet: Packet<In>, accept?: (peerId: string) => void): void {
    const { from: peerId, session } = packet;
    const known = this.#links.get(peerId)?.session;
    if (known !== session) {
      if (packet.reset) return;
      // The first packet of an earlier session may come late, or twice.
      if (accept === undefined || packet.seq !== 1 || (known !== undefined && session < known)) {
        this.refuse(peerId, session);
        return;
      }
      accept(peerId);
      this.open(peerId, session);
    }
    // What it has taken of ours, nobody knows any more.
    if (!this.#links.get(peerId)!.isWith(packet.life)) {
      this.#deps.onReset?.(peerId);
      return;
    }
    if (packet.reset) {
      // Who has taken none of the packets of a session that we began has lost nothing: it has missed the first, which is
      // sent again.
      if (accept !== undefined || !this.#links.get(peerId)!.isUnheard) this.#deps.onReset?.(peerId);
      return;
    }
    const nowMs = this.#nowMs();
    this.#heardMs.set(peerId, nowMs);
    const link = this.#links.get(peerId)!;
    for (const message of link.receive(packet)) this.#deps.deliver(peerId, message);
    if (packet.missed) this.#publish(peerId, link.overdue(nowMs, nowMs));
  }

  /** The connection is back: whatever was on its way to or from us may be lost. */
  reconnected(): void {
    const nowMs = this.#nowMs();
    for (const [peerId, link] of this.#links) this.#publish(peerId, link.reconnected(nowMs));
  }

  /** Sends again what has waited for its acknowledgement for long enough, and acknowledges what is owed. */
  resend(): void {
    const nowMs = this.#nowMs();
    for (const [peerId, link] of this.#links) {
      const olderThanMs = link.isHeard ? resendMs : firstResendMs;
      this.#publish(peerId, link.overdue(nowMs, nowMs - olderThanMs));
    }
  }

  /**
   * Tells our peers that we are still there. One that has not acknowledged everything hears it from what is sent
   * again; to one that never got the first packet, anything else would look like a session that it forgot.
   */
  touch(): void {
    for (const [peerId, link] of this.#links) {
      if (link.isSettled) this.#deps.publish(peerId, link.acknowledge());
    }
  }

  /** The peers that have been silent for longer than this. */
  silent(longerThanMs: number): string[] {
    const nowMs = this.#nowMs();
    return [...this.#heardMs]
      .filter(([, heardMs]) => nowMs - heardMs > longerThanMs)
      .map(([peerId]) => peerId);
  }

  /** Whether every peer has acknowledged everything. */
  get isSettled(): boolean {
    return [...this.#links.values()].every((link) => link.isSettled);
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#links.clear();
    this.#heardMs.clear();
  }

  /** What all packets of a session carry. */
  #head(session: string): Pick<Packet<Out>, "from" | "session" | "life"> {
    const { id: from, life } = this.#deps;
    return life === undefined ? { from, session } : { from, session, life };
  }

  #publish(peerId: string, packets: readonly Packet<Out>[]): void {
    for (const packet of packets) this.#deps.publish(peerId, packet);
  }
}
