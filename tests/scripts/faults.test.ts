import type { Connection, Direct, Reader } from "../../scheduler/bus/direct.ts";
import { memoryBus } from "../../scheduler/bus/memory.ts";
import { nodeDirect } from "../../scheduler/bus/node-direct.ts";
import { encodeMessage, encodePacket } from "../../scheduler/protocol/codec.ts";
import type { Packet, ToHost } from "../../scheduler/protocol/messages.ts";
import { faultyBus } from "../../scripts/faults/bus.ts";
import { faultyDirect } from "../../scripts/faults/direct.ts";
import { type FaultKind, Faults, faultKinds, type Rule, shownStrike } from "../../scripts/faults/faults.ts";
import { messageTypes } from "../../scripts/faults/message-types.ts";
import { randomOf } from "../../scripts/simulate/random.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("fault injection");

const faultsOf = (rules: Rule[], seed = 1) => new Faults({ rules, random: randomOf(seed), nowMs: () => 0 });
const always = (type: string, fault: FaultKind) => faultsOf([{ type, fault, probability: 1 }]);

const load = "wray.v1.c.load.h";
const tasks = "wray.v1.c.host.h.tasks";
const objects = "wray.v1.c.host.h.objects";
const packetWith = (...messages: ToHost[]): Uint8Array<ArrayBuffer> =>
  encodePacket({
    from: "me",
    session: "s",
    seq: messages.length && 1,
    ack: 0,
    messages,
  } satisfies Packet<ToHost>);
const beat = (count: number) => Uint8Array.of(count);

/** What comes through a bus with these faults on a subject; `heard` waits for so many. */
function listen(t: TestContext, faults: Faults, subject: string) {
  const plain = memoryBus();
  const bus = faultyBus(plain, faults);
  t.after(() => bus.close());
  const seen: number[] = [];
  let onSeen = () => {};
  plain.subscribe(subject, (payload) => {
    seen.push(payload[0]!);
    onSeen();
  });
  const heard = (count: number) =>
    new Promise<number[]>((resolve) => {
      onSeen = () => seen.length >= count && resolve(seen);
      onSeen();
    });
  return { plain, bus, seen, heard };
}

test("messageTypes() names what is in a message", () => {
  const types = (subject: string, payload = new Uint8Array()) => messageTypes(subject, payload);
  assert.equal(types(tasks, packetWith({ kind: "bye" }, { kind: "release", ids: [] }, { kind: "bye" })), [
    "packet",
    "bye",
    "release",
  ]);
  assert.equal(types(tasks, packetWith()), ["ack"]);
  const reset = encodePacket({ from: "h", session: "s", seq: 0, ack: 0, messages: [], reset: true });
  assert.equal(types("wray.v1.c.client.me.results", reset), ["reset"]);
  assert.equal(types(load), ["heartbeat"]);
  assert.equal(types("wray.v1.c.hello"), ["hello"]);
  assert.equal(types("wray.v1.c.host.h.idle"), ["idle"]);
  assert.equal(types(objects), ["object request"]);
  assert.equal(types("wray.v1.c.submit"), ["submit"]);
  assert.equal(types("_INBOX.x"), []);
});

test("a fault strikes messages of its type and no others, until the end", async (t) => {
  const faults = always("heartbeat", "lost");
  const { bus, heard, seen } = listen(t, faults, load);
  bus.publish(load, beat(1));
  bus.publish("wray.v1.c.hello", beat(0));
  faults.end();
  bus.publish(load, beat(2));
  assert.equal(await heard(1), [2]);
  assert.equal(seen, [2]);
  assert.equal(faults.strikes, [{ atMs: 0, type: "heartbeat", fault: "lost", where: load }]);
  assert.is(shownStrike(faults.strikes[0]!), `0.0 ms  heartbeat lost  ${load}`);
});

test("a message that is duplicated comes twice", async (t) => {
  const { bus, heard } = listen(t, always("heartbeat", "duplicated"), load);
  bus.publish(load, beat(1));
  assert.equal(await heard(2), [1, 1]);
});

test("a message that is reordered comes after the next one, or by itself when there is none", async (t) => {
  const faults = always("heartbeat", "reordered");
  const { bus, heard } = listen(t, faults, load);
  bus.publish(load, beat(1));
  faults.rules = [];
  bus.publish(load, beat(2));
  assert.equal(await heard(2), [2, 1]);
  faults.rules = [{ type: "heartbeat", fault: "reordered", probability: 1 }];
  bus.publish(load, beat(3));
  assert.equal(await heard(3), [2, 1, 3]);
});

test("a message that is delayed comes after later ones", async (t) => {
  const faults = always("heartbeat", "delayed");
  const { bus, heard } = listen(t, faults, load);
  bus.publish(load, beat(1));
  faults.end();
  bus.publish(load, beat(2));
  assert.equal(await heard(2), [2, 1]);
});

test("whose message counts as failed is told that the connection was lost, and it has come", async (t) => {
  const { bus, heard } = listen(t, always("heartbeat", "failed"), load);
  const isBack = new Promise<void>((resolve) => {
    bus.onReconnect(resolve);
  });
  bus.publish(load, beat(1));
  assert.is(bus.isConnected, false);
  assert.equal(await heard(1), [1]);
  await isBack;
  assert.is(bus.isConnected, true);
});

test("the answer to a packet does not come when it is lost, and the packet does", async (t) => {
  const faults = always("bye", "replyLost");
  const { bus, plain, heard } = listen(t, faults, tasks);
  const answers: number[] = [];
  const isAnswered = new Promise<void>((resolve) => {
    bus.subscribe("wray.v1.c.client.me.results", () => answers.push(0) && resolve());
  });
  bus.publish(tasks, packetWith({ kind: "bye" }));
  assert.is((await heard(1)).length, 1);
  const answer = () =>
    plain.publish(
      "wray.v1.c.client.me.results",
      encodePacket({ from: "h", session: "s", seq: 0, ack: 1, messages: [] }),
    );
  answer();
  answer();
  await isAnswered;
  assert.is(answers.length, 1);
});

for (const fault of faultKinds) {
  test(`a request ${fault === "replyLost" ? "whose reply is lost" : `that is ${fault}`} has the end that this brings`, async (t) => {
    const { bus, plain } = listen(t, always("object request", fault), "nothing");
    let count = 0;
    let isServed = () => {};
    const served = new Promise<void>((resolve) => {
      isServed = resolve;
    });
    plain.subscribe(objects, (_, respond) => {
      count++;
      respond(beat(7));
      isServed();
    });
    const request = bus.request(objects, encodeMessage({ id: "o", offset: 0, length: 1 }), 50);
    if (fault === "lost" || fault === "replyLost" || fault === "failed")
      await rejects(request, "CONNECTION_FAILED");
    else assert.equal(await request, beat(7));
    if (fault !== "lost") await served;
    assert.is(count, { lost: 0, duplicated: 2 }[fault as string] ?? 1);
  });
}

test("a reply that is lost does not come from who is struck", async (t) => {
  const { bus, plain } = listen(t, always("object reply", "lost"), "nothing");
  bus.subscribe(objects, (_, respond) => respond(beat(7)));
  const request = plain.request(objects, encodeMessage({ id: "o", offset: 0, length: 1 }), 50);
  await rejects(request, "CONNECTION_FAILED");
});

test("the same seed strikes the same messages, another one others", () => {
  const strikes = (seed: number) => {
    const faults = faultsOf([{ type: "heartbeat", fault: "lost", probability: 0.3 }], seed);
    return Array.from({ length: 100 }, () => faults.strike(["heartbeat"], load));
  };
  assert.equal(strikes(1), strikes(1));
  assert.not.equal(strikes(1), strikes(2));
});

/** A server that sends so many bytes to whoever connects, and what comes through a dialled connection. */
async function fetchThrough(t: TestContext, direct: Direct, bytes: Uint8Array): Promise<Uint8Array> {
  const nobody: Reader = { room: () => new Uint8Array(1), took() {}, ended() {} };
  const listening = await nodeDirect.listen((connection: Connection) => {
    // Once there is somebody to read it.
    setImmediate(() => connection.send([bytes], () => {}));
    return nobody;
  });
  t.after(() => listening.close());
  const room = new Uint8Array(bytes.byteLength);
  let count = 0;
  let connection: Connection | undefined;
  await new Promise<void>((resolve, reject) => {
    const reader: Reader = {
      room: () => room.subarray(count),
      took(byteCount) {
        count += byteCount;
        if (count === room.byteLength) connection?.close();
      },
      ended: () => resolve(),
    };
    direct.dial(listening.places[0]!, reader).then((dialled) => {
      connection = dialled;
    }, reject);
  });
  return room.subarray(0, count);
}

const bytes = Uint8Array.from({ length: 6 * 1024 * 1024 }, (_, index) => index % 251);

test("a connection is refused, cut in the middle, or slow, and what comes is right", async (t) => {
  const through = (type: string, fault: FaultKind) =>
    fetchThrough(t, faultyDirect(nodeDirect, always(type, fault)), bytes);
  await rejects(through("dial", "lost"), "CONNECTION_FAILED");
  const cut = await through("connection", "lost");
  assert.ok(cut.byteLength < bytes.byteLength);
  assert.equal(Buffer.compare(cut, bytes.subarray(0, cut.byteLength)), 0);
  const slow = await through("connection", "delayed");
  assert.is(Buffer.compare(slow, bytes), 0);
});
