import { Link } from "../../../scheduler/bus/link.ts";
import type { Packet } from "../../../scheduler/protocol/messages.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds, type Random } from "../seeds.ts";

const test = suite("bus/link");

const open = () => new Link<number, number>({ from: "me", session: "session" });
const packet = (seq: number, ack: number, ...messages: number[]): Packet<number> => ({
  from: "peer",
  session: "session",
  seq,
  ack,
  messages,
});

test("flush() numbers its packets and keeps the order when messages are queued", () => {
  const link = open();
  for (let message = 0; message < 300; message++) link.send(message, 1);
  const packets = link.flush(0);
  assert.equal(
    packets.map(({ seq }) => seq),
    [1, 2],
  );
  assert.equal(
    packets.flatMap(({ messages }) => messages),
    Array.from({ length: 300 }, (_, index) => index),
  );
  assert.equal(link.flush(0), []);
});

test("flush() closes a packet when it has 256 messages or 64 KiB", () => {
  const link = open();
  for (let message = 0; message < 257; message++) link.send(message, 1);
  assert.equal(
    link.flush(0).map(({ messages }) => messages.length),
    [256, 1],
  );
  for (const bytes of [40_000, 30_000, 200_000, 1]) link.send(0, bytes);
  assert.equal(
    link.flush(0).map(({ messages }) => messages.length),
    [2, 1, 1],
  );
});

test("receive() gives the messages of a packet once when it comes again", () => {
  const link = open();
  assert.equal(link.receive(packet(1, 0, 7, 8)), [7, 8]);
  assert.equal(link.receive(packet(1, 0, 7, 8)), []);
});

test("receive() gives nothing when an earlier packet is missing", () => {
  const link = open();
  assert.equal(link.receive(packet(2, 0, 8)), []);
  assert.equal(link.receive(packet(1, 0, 7)), [7]);
  assert.equal(link.receive(packet(2, 0, 8)), [8]);
});

test("overdue() acknowledges once when a packet has come, also a repeated or an early one", () => {
  const link = open();
  for (const { seq, ack } of [
    { seq: 1, ack: 1 },
    { seq: 1, ack: 1 },
    { seq: 3, ack: 1 },
  ]) {
    link.receive(packet(seq, 0, 7));
    assert.equal(link.overdue(0, 0), [
      { from: "me", session: "session", seq: 0, ack, messages: [] } satisfies Packet<number>,
    ]);
    assert.equal(link.overdue(0, 0), []);
  }
});

test("overdue() repeats all that is not acknowledged when the oldest was sent before the given time", () => {
  const link = open();
  link.send(7, 1);
  link.flush(100);
  link.send(8, 1);
  link.flush(200);
  assert.equal(link.overdue(300, 99), []);
  assert.equal(
    link.overdue(300, 100).map(({ seq }) => seq),
    [1, 2],
  );
  assert.equal(link.overdue(350, 200), []);
  link.receive(packet(0, 1));
  assert.equal(
    link.overdue(400, 300).map(({ seq }) => seq),
    [2],
  );
});

test("isSettled is true when nothing is queued and all is acknowledged", () => {
  const link = open();
  assert.is(link.isSettled, true);
  link.send(7, 1);
  assert.is(link.isSettled, false);
  link.flush(0);
  assert.is(link.isSettled, false);
  link.receive(packet(0, 1));
  assert.is(link.isSettled, true);
});

test("receive() gives each message once and in order when the channel loses, repeats, delays and reorders", () => {
  forSeeds(3_000, (random) => {
    const ends = [new End("a", random), new End("b", random)] as const;
    const [a, b] = ends;
    let nowMs = 0;
    for (let step = 0; step < 80; step++) {
      nowMs += random.below(400);
      const [from, to] = random.happens(0.5) ? [a, b] : [b, a];
      from.act(nowMs);
      to.takeSome(from);
    }
    for (let round = 0; round < 10 && !(a.link.isSettled && b.link.isSettled); round++) {
      nowMs += 1_000;
      for (const end of ends) end.sendAll(nowMs);
      a.takeAll(b);
      b.takeAll(a);
    }
    assert.ok(a.link.isSettled && b.link.isSettled, "both ends settle");
    assert.equal(b.received, a.sent);
    assert.equal(a.received, b.sent);
  });
});

test("reconnected() of either end, once both are connected, brings all to the other with no time passing", () => {
  forSeeds(1_000, (random) => {
    const [a, b] = [new End("a", random), new End("b", random)];
    for (let step = 0; step < 40; step++) {
      const [from, to] = random.happens(0.5) ? [a, b] : [b, a];
      from.act(0);
      to.takeSome(from);
    }
    // What is on its way is lost with the server of one of them.
    for (const end of [a, b]) end.loseAll();
    const [lost, other] = random.happens(0.5) ? [a, b] : [b, a];
    lost.reconnected();
    other.takeAll(lost);
    lost.takeAll(other);
    assert.equal(b.received, a.sent.slice(0, b.received.length));
    assert.ok(b.received.length >= a.flushedCount, "all that had left one is at the other");
    assert.ok(a.received.length >= b.flushedCount, "and the other way");
  });
});

/** One end of a link, the messages that went in and came out of it, and its packets that are on their way. */
class End {
  readonly link: Link<number, number>;
  readonly sent: number[] = [];
  readonly received: number[] = [];
  /** How many of those that went in have left. */
  flushedCount = 0;
  readonly #random: Random;
  #onTheWay: Packet<number>[] = [];

  constructor(id: string, random: Random) {
    this.link = new Link({ from: id, session: "session" });
    this.#random = random;
  }

  act(nowMs: number): void {
    for (let count = this.#random.below(4); count > 0; count--) {
      this.link.send(this.sent.length, this.#random.below(40_000));
      this.sent.push(this.sent.length);
    }
    if (this.#random.happens(0.7)) {
      this.#publish(this.link.flush(nowMs));
      this.flushedCount = this.sent.length;
    }
    if (this.#random.happens(0.4)) this.#publish(this.link.overdue(nowMs, nowMs - 1_000));
    if (this.#random.happens(0.1)) this.#publish([this.link.acknowledge()]);
  }

  loseAll(): void {
    this.#onTheWay = [];
  }

  reconnected(): void {
    this.#publish(this.link.reconnected(0));
    this.flushedCount = this.sent.length;
  }

  sendAll(nowMs: number): void {
    this.#publish(this.link.flush(nowMs));
    this.#publish(this.link.overdue(nowMs, nowMs));
  }

  /** Packets of the other end come in any order; some are lost, some come again later. */
  takeSome(from: End): void {
    for (let count = this.#random.below(4); count > 0 && from.#onTheWay.length > 0; count--) {
      const index = this.#random.happens(0.6) ? 0 : this.#random.below(from.#onTheWay.length);
      const packet = from.#onTheWay[index]!;
      if (!this.#random.happens(0.2)) from.#onTheWay.splice(index, 1);
      if (!this.#random.happens(0.25)) this.#receive(packet);
    }
  }

  takeAll(from: End): void {
    for (const packet of from.#onTheWay) this.#receive(packet);
    from.#onTheWay = [];
  }

  #receive(packet: Packet<number>): void {
    this.received.push(...this.link.receive(packet));
    // As an exchange does.
    if (packet.missed) this.#publish(this.link.overdue(0, 0));
  }

  /** Copies, as the wire makes them: a link stamps a packet anew when it sends it again. */
  #publish(packets: Packet<number>[]): void {
    this.#onTheWay.push(...packets.map((packet) => ({ ...packet })));
  }
}
