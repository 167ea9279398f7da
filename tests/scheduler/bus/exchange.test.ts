import { setImmediate as turn } from "node:timers/promises";
import { Exchange } from "../../../scheduler/bus/exchange.ts";
import type { Packet } from "../../../scheduler/protocol/messages.ts";
import { assert, suite } from "../../support/index.ts";
import type { TestContext } from "../../support/suite.ts";

const test = suite("bus/exchange");

type Published = { to: string } & Pick<Packet<string>, "seq" | "ack" | "messages" | "reset" | "missed">;

/** An exchange with a clock of its own, and everything that it does. */
function exchangeOf(t: TestContext) {
  const published: Published[] = [];
  const delivered: string[] = [];
  const resetBy: string[] = [];
  const clock = { nowMs: 0 };
  const exchange = new Exchange<string, string>({
    id: "me",
    publish: (to, { from: _, session: __, ...packet }) => published.push({ to, ...packet }),
    deliver: (from, message) => delivered.push(`${from} ${message}`),
    onReset: (peerId) => resetBy.push(peerId),
    nowMs: () => clock.nowMs,
  });
  t.after(() => exchange.close());
  return { exchange, published, delivered, resetBy, clock };
}

const packet = (seq: number, { session = "s", ...more }: Partial<Packet<string>> = {}): Packet<string> => ({
  from: "peer",
  session,
  seq,
  ack: 0,
  messages: seq === 0 ? [] : [`${session}${seq}`],
  ...more,
});

const reset: Published = { to: "peer", seq: 0, ack: 0, messages: [], reset: true };

test("send() puts what is sent within one turn into one packet when the turn ends", async (t) => {
  const { exchange, published } = exchangeOf(t);
  exchange.open("peer", "s");
  exchange.send("peer", "a", 1);
  exchange.send("peer", "b", 1);
  assert.equal(published, []);
  await turn();
  assert.equal(published, [{ to: "peer", seq: 1, ack: 0, messages: ["a", "b"] }]);
});

test("flush() sends at once when the turn has not ended", async (t) => {
  const { exchange, published } = exchangeOf(t);
  exchange.open("peer", "s");
  exchange.send("peer", "a", 1);
  exchange.flush();
  assert.is(published.length, 1);
  await turn();
  assert.is(published.length, 1);
});

test("send() drops the message when the peer has no session", async (t) => {
  const { exchange, published } = exchangeOf(t);
  exchange.send("peer", "a", 1);
  await turn();
  assert.equal(published, []);
  assert.is(exchange.has("peer"), false);
});

test("receive() opens a session when its first packet comes and it is accepted", (t) => {
  const { exchange, delivered } = exchangeOf(t);
  const accepted: string[] = [];
  const accept = (peerId: string) => accepted.push(peerId);
  exchange.receive(packet(1), accept);
  exchange.receive(packet(2), accept);
  assert.equal(accepted, ["peer"]);
  assert.equal(delivered, ["peer s1", "peer s2"]);
});

test("receive() begins anew when the peer comes with another session", (t) => {
  const { exchange, delivered } = exchangeOf(t);
  const accepted: string[] = [];
  for (const session of ["s", "t"])
    exchange.receive(packet(1, { session }), (peerId) => accepted.push(peerId));
  assert.equal(accepted, ["peer", "peer"]);
  assert.equal(delivered, ["peer s1", "peer t1"]);
});

test("receive() takes nothing of a stranger when nobody is accepted, and tells it so, but not whoever says the same", (t) => {
  const { exchange, delivered, published, resetBy } = exchangeOf(t);
  for (const stranger of [packet(1), packet(2), packet(0)]) {
    exchange.receive(stranger);
    assert.equal(published.splice(0), [reset]);
  }
  exchange.receive(packet(0, { reset: true }));
  assert.equal([...delivered, ...published, ...resetBy], []);
});

test("receive() takes nothing of a session that is over, and tells its peer so", (t) => {
  const { exchange, delivered, published } = exchangeOf(t);
  exchange.open("peer", "new");
  exchange.receive(packet(1));
  assert.equal(published, [reset]);
  assert.equal(delivered, []);
  assert.is(exchange.forget("peer"), "new");
  assert.is(exchange.forget("peer"), undefined);
});

test("receive() takes a first packet of an earlier session for no new one, however late it comes", (t) => {
  const { exchange, delivered, published } = exchangeOf(t);
  const accepted: string[] = [];
  exchange.receive(packet(1, { session: "s2", messages: ["new"] }), (peerId) => accepted.push(peerId));
  exchange.receive(packet(1, { session: "s1", messages: ["old"] }), (peerId) => accepted.push(peerId));
  assert.equal(delivered, ["peer new"]);
  assert.equal(accepted, ["peer"]);
  assert.equal(published, [reset]);
  exchange.receive(packet(1, { session: "s3", messages: ["newer"] }), (peerId) => accepted.push(peerId));
  assert.equal(
    [delivered, accepted],
    [
      ["peer new", "peer newer"],
      ["peer", "peer"],
    ],
  );
});

test("receive() takes a peer for lost that has another life, and nothing of its packets", (t) => {
  const { exchange, delivered, resetBy } = exchangeOf(t);
  exchange.open("peer", "s");
  exchange.receive(packet(1, { life: "first" }));
  exchange.receive(packet(2, { life: "second" }));
  assert.equal([delivered, resetBy], [["peer s1"], ["peer"]]);
});

test("receive() answers with reset when a packet continues a session that is not known", (t) => {
  const { exchange, delivered, published } = exchangeOf(t);
  exchange.receive(packet(2), () => assert.unreachable());
  assert.equal(published, [reset]);
  assert.equal(delivered, []);
});

test("receive() answers with reset when an acknowledgement is for a session that is not known", (t) => {
  const { exchange, published } = exchangeOf(t);
  exchange.receive(packet(1), () => {});
  exchange.forget("peer");
  exchange.receive(packet(0), () => assert.unreachable());
  assert.equal(published, [reset]);
});

test("receive() does not answer a reset when its session is not known", (t) => {
  const { exchange, published } = exchangeOf(t);
  exchange.receive(packet(0, { reset: true }), () => assert.unreachable());
  assert.equal(published, []);
});

test("receive() reports a reset when it is of the open session, and of no other", (t) => {
  const { exchange, resetBy } = exchangeOf(t);
  exchange.open("peer", "s");
  exchange.receive(packet(0, { session: "older", reset: true }));
  assert.equal(resetBy, []);
  exchange.receive(packet(0, { reset: true }));
  assert.equal(resetBy, ["peer"]);
});

test("receive() ignores a reset when the first packet is lost and the second is not: nothing was forgotten", (t) => {
  const { exchange, published, resetBy } = exchangeOf(t);
  exchange.open("peer", "s");
  for (const message of ["a", "b"]) {
    exchange.send("peer", message, 1);
    exchange.flush();
  }
  exchange.receive(packet(0, { reset: true }));
  assert.equal(resetBy, []);
  published.length = 0;
  exchange.reconnected();
  assert.equal(
    published.map(({ seq }) => seq),
    [1, 2],
  );
  exchange.receive(packet(0, { ack: 1 }));
  exchange.receive(packet(0, { reset: true }));
  assert.equal(resetBy, ["peer"]);
});

test("receive() reports a reset of a session that the peer began, whatever it has acknowledged", (t) => {
  const { exchange, resetBy } = exchangeOf(t);
  exchange.receive(packet(1), () => {});
  exchange.send("peer", "a", 1);
  exchange.flush();
  exchange.receive(packet(0, { reset: true }), () => {});
  assert.equal(resetBy, ["peer"]);
});

test("resend() repeats a packet when it has waited so long for its acknowledgement", (t) => {
  const { exchange, published, clock } = exchangeOf(t);
  exchange.open("peer", "s");
  exchange.send("peer", "a", 1);
  exchange.flush();
  const isRepeatedAfter = (ms: number) => {
    const sentMs = clock.nowMs;
    published.length = 0;
    clock.nowMs = sentMs + ms - 1;
    exchange.resend();
    assert.equal(published, []);
    clock.nowMs++;
    exchange.resend();
    assert.is(published.length, 1);
  };
  // Its peer has never answered.
  isRepeatedAfter(250);
  assert.is(exchange.isSettled, false);
  exchange.receive(packet(0, { ack: 1 }));
  assert.is(exchange.isSettled, true);
  exchange.send("peer", "b", 1);
  exchange.flush();
  isRepeatedAfter(1_000);
  exchange.receive(packet(0, { ack: 2 }));
  published.length = 0;
  clock.nowMs += 1_000;
  exchange.resend();
  assert.equal(published, []);
});

test("reconnected() repeats all that is not acknowledged, and asks for what was missed", (t) => {
  const { exchange, published } = exchangeOf(t);
  exchange.open("settled", "s");
  exchange.open("peer", "s");
  for (const message of ["a", "b"]) {
    exchange.send("peer", message, 1);
    if (message === "a") exchange.flush();
  }
  published.length = 0;
  exchange.reconnected();
  assert.equal(published, [
    { to: "settled", seq: 0, ack: 0, messages: [], missed: true },
    { to: "peer", seq: 1, ack: 0, messages: ["a"], missed: true },
    { to: "peer", seq: 2, ack: 0, messages: ["b"] },
  ]);
});

test("receive() repeats at once what is not acknowledged when the peer has missed some", (t) => {
  const { exchange, published } = exchangeOf(t);
  exchange.open("peer", "s");
  for (const message of ["a", "b"]) {
    exchange.send("peer", message, 1);
    exchange.flush();
  }
  published.length = 0;
  exchange.receive(packet(0, { ack: 1, missed: true }));
  assert.equal(published, [{ to: "peer", seq: 2, ack: 0, messages: ["b"] }]);
});

test("resend() acknowledges when a packet has come since the last time", (t) => {
  const { exchange, published } = exchangeOf(t);
  exchange.receive(packet(1), () => {});
  exchange.resend();
  exchange.resend();
  assert.equal(published, [{ to: "peer", seq: 0, ack: 1, messages: [] }]);
});

test("touch() tells each peer of an acknowledged session that we are there", (t) => {
  const { exchange, published } = exchangeOf(t);
  for (const peerId of ["a", "b"]) {
    exchange.open(peerId, "s");
    exchange.send(peerId, "x", 1);
  }
  exchange.flush();
  exchange.receive(packet(0, { from: "b", ack: 1 }));
  published.length = 0;
  exchange.touch();
  // To a it would come before the session, if the first packet was lost; and that is repeated anyway.
  assert.equal(published, [{ to: "b", seq: 0, ack: 0, messages: [] }]);
});

test("silent() names the peers when they have not been heard for longer", (t) => {
  const { exchange, clock } = exchangeOf(t);
  exchange.open("a", "s");
  exchange.open("b", "s");
  clock.nowMs = 600;
  exchange.receive(packet(0, { from: "b" }));
  clock.nowMs = 1_000;
  assert.equal(exchange.silent(999), ["a"]);
  assert.equal(exchange.silent(1_000), []);
  exchange.forget("a");
  assert.equal(exchange.silent(0), ["b"]);
});

test("close() forgets every peer", async (t) => {
  const { exchange, published } = exchangeOf(t);
  exchange.open("peer", "s");
  exchange.send("peer", "a", 1);
  exchange.close();
  await turn();
  assert.equal(published, []);
  assert.is(exchange.has("peer"), false);
});
