import type { Packet } from "../protocol/messages.ts";

/** Past these a packet is closed and the next begun: more per packet gains nothing, and it must fit a message. */
const packetMessages = 256;
const packetBytes = 64 * 1024;

type Sent<Out> = { packet: Packet<Out>; sentMs: number };

/**
 * One end of a reliable channel over a bus that may lose, repeat or reorder: packets are numbered, kept until they
 * are acknowledged, and sent again when they are not. Whoever receives delivers them in order, each once.
 * It does no IO and knows no clock: packets and times come in, packets and messages go out.
 */
export class Link<Out, In> {
  readonly #head: Pick<Packet<Out>, "from" | "session" | "life">;
  /** Messages for the next flush, by packets. The last is the one that still takes some. */
  #pending: Out[][] = [];
  #lastBytes = 0;
  #unacknowledged: Sent<Out>[] = [];
  #nextSeq = 1;
  #received = 0;
  #isHeard = false;
  #owesAck = false;
  #peerLife: string | undefined;

  /** @param head what all its packets carry */
  constructor(head: Pick<Packet<Out>, "from" | "session" | "life">) {
    this.#head = head;
  }

  get session(): string {
    return this.#head.session;
  }

  /** Whether this is the process that the link has heard of before, if it has heard of any. */
  isWith(life: string | undefined): boolean {
    this.#peerLife ??= life;
    return this.#peerLife === life;
  }

  /** Queues a message of about this many bytes for the next `flush`. */
  send(message: Out, bytes: number): void {
    const last = this.#pending.at(-1);
    if (last === undefined || last.length >= packetMessages || this.#lastBytes >= packetBytes) {
      this.#pending.push([message]);
      this.#lastBytes = bytes;
      return;
    }
    last.push(message);
    this.#lastBytes += bytes;
  }

  /** Whether the other end has ever acknowledged anything. */
  get isHeard(): boolean {
    return this.#isHeard;
  }

  /** Whether nothing is queued and everything sent has been acknowledged. */
  get isSettled(): boolean {
    return this.#pending.length === 0 && this.#unacknowledged.length === 0;
  }

  /** Whether the other side has not acknowledged even the first packet. */
  get isUnheard(): boolean {
    return this.#unacknowledged[0]?.packet.seq === 1;
  }

  /** The packets that carry what is queued. */
  flush(nowMs: number): Packet<Out>[] {
    if (this.#pending.length === 0) return [];
    const packets = this.#pending.map((messages) => this.#packet(this.#nextSeq++, messages));
    for (const packet of packets) this.#unacknowledged.push({ packet, sentMs: nowMs });
    this.#pending = [];
    return packets;
  }

  /** The messages of this packet, if it is the next in order. */
  receive(packet: Packet<In>): In[] {
    while ((this.#unacknowledged[0]?.packet.seq ?? Number.POSITIVE_INFINITY) <= packet.ack) {
      this.#unacknowledged.shift();
      this.#isHeard = true;
    }
    if (packet.seq === 0) return [];
    // What came before is repeated and acknowledged again; what comes too early is sent again in order.
    this.#owesAck = true;
    if (packet.seq !== this.#received + 1) return [];
    this.#received = packet.seq;
    return packet.messages;
  }

  /** What is due now: packets sent before `beforeMs` and not acknowledged, else an acknowledgement that is owed. */
  overdue(nowMs: number, beforeMs: number): Packet<Out>[] {
    const first = this.#unacknowledged[0];
    if (first !== undefined && first.sentMs <= beforeMs) {
      return this.#unacknowledged.map((sent) => {
        sent.sentMs = nowMs;
        return this.#withAck(sent.packet);
      });
    }
    return this.#owesAck ? [this.acknowledge()] : [];
  }

  /**
   * All that the other end may lack, after a time in which packets may have been lost both ways. It is asked to send
   * again, too, what it has no acknowledgement for.
   */
  reconnected(nowMs: number): Packet<Out>[] {
    this.flush(nowMs);
    const [first = this.acknowledge(), ...others] = this.overdue(nowMs, nowMs);
    return [{ ...first, missed: true }, ...others];
  }

  /** A packet that says what has been received, and nothing else. */
  acknowledge(): Packet<Out> {
    return this.#packet(0, []);
  }

  #packet(seq: number, messages: Out[]): Packet<Out> {
    return this.#withAck({ ...this.#head, seq, ack: 0, messages });
  }

  #withAck(packet: Packet<Out>): Packet<Out> {
    this.#owesAck = false;
    packet.ack = this.#received;
    return packet;
  }
}
