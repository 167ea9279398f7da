import type { Bus } from "../../../scheduler/bus/bus.ts";
import type { Connection, Direct } from "../../../scheduler/bus/direct.ts";
import { memoryBus } from "../../../scheduler/bus/memory.ts";
import { type NatsBus, natsBus } from "../../../scheduler/bus/nats.ts";
import { Departures } from "../../../scheduler/objects/departures.ts";
import { maxChunkBytes } from "../../../scheduler/objects/frames.ts";
import { type FindObject, serveObjects } from "../../../scheduler/objects/serve.ts";
import { pullObject } from "../../../scheduler/objects/transfer.ts";
import { decodeObjectReply, decodeObjectRequest, encodeMessage } from "../../../scheduler/protocol/codec.ts";
import type { ObjectReply } from "../../../scheduler/protocol/messages.ts";
import { type Peer, subjectsOf } from "../../../scheduler/protocol/subjects.ts";
import { startNatsServer } from "../../../scripts/nats/index.ts";
import { assert, rejects, suite, type TestContext } from "../../support/index.ts";

const test = suite("objects/transfer");
let bus: NatsBus;

test.before(async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  bus = await natsBus({ servers: server.url }, "transfer");
  t.after(() => bus.close());
});

const subjects = subjectsOf("transfer");
let hostCount = 0;

function bytesOf(byteCount: number): Uint8Array<SharedArrayBuffer> {
  const bytes = new Uint8Array(new SharedArrayBuffer(byteCount));
  for (let index = 0; index < byteCount; index += 97) bytes[index] = (index * 7) % 251;
  return bytes;
}

/** A peer that holds what `find` knows. */
function holder(t: TestContext, find: FindObject, on: Bus = bus): Peer {
  const peer: Peer = { kind: "host", id: `h${hostCount++}` };
  const serving = serveObjects(on, subjects.objects(peer), find);
  t.after(() => serving.unsubscribe());
  return peer;
}

/** A peer that answers whatever it likes. */
function liar(t: TestContext, answer: (offset: number, length: number) => ObjectReply): Peer {
  const peer: Peer = { kind: "host", id: `h${hostCount++}` };
  const subscription = bus.subscribe(subjects.objects(peer), (payload, respond) => {
    const { offset, length } = decodeObjectRequest(payload);
    respond(encodeMessage(answer(offset, length)));
  });
  t.after(() => subscription.unsubscribe());
  return peer;
}

/** A bus on which something happens to what comes over direct connections, and to requests. */
function altered(alter: {
  direct?: Partial<Direct> | undefined;
  request?: (subject: string, payload: Uint8Array) => void;
}): Bus {
  return {
    ...bus,
    isConnected: true,
    maxPayloadBytes: bus.maxPayloadBytes,
    ...("direct" in alter ? { direct: alter.direct && { ...bus.direct!, ...alter.direct } } : {}),
    request(subject, payload, timeoutMs) {
      alter.request?.(subject, payload);
      return bus.request(subject, payload, timeoutMs);
    },
  } as Bus;
}

/** Counts the bytes that come over direct connections, and calls back at each read. */
function watched(onRead: (count: { bytes: number; dials: number }, connection: () => Connection) => void) {
  const count = { bytes: 0, dials: 0 };
  const direct: Partial<Direct> = {
    async dial(place, reader) {
      count.dials++;
      let connection: Connection | undefined;
      connection = await bus.direct!.dial(place, {
        ...reader,
        took(byteCount) {
          count.bytes += byteCount;
          reader.took(byteCount);
          onRead(count, () => connection!);
        },
      });
      return connection;
    },
  };
  return { count, direct };
}

const pull = (at: Peer[], on: Bus = bus, departures = new Departures()) =>
  pullObject(on, subjects, { ref: "x", at }, (bytes) => new Uint8Array(bytes), { departures });

const same = (actual: Uint8Array, expected: Uint8Array) =>
  assert.ok(Buffer.from(actual.buffer).equals(expected), "the bytes are others");

/** What is written to the log while a test runs. */
function logOf(t: TestContext): string[] {
  const lines: string[] = [];
  const { error } = console;
  console.error = (...parts: unknown[]) => lines.push(parts.join(" "));
  t.after(() => {
    console.error = error;
  });
  return lines;
}

for (const byteCount of [8, 1_000, 262_144, 262_145, 3_000_001, 20_000_000]) {
  test(`pullObject() gives an object of ${byteCount} bytes, through a door if it is large`, async (t) => {
    const object = bytesOf(byteCount);
    const { count, direct } = watched(() => {});
    same(await pull([holder(t, () => object)], altered({ direct })), object);
    assert.is(count.dials, byteCount > 262_144 ? 1 : 0);
  });

  test(`pullObject() gives an object of ${byteCount} bytes when nobody can be dialled`, async (t) => {
    const object = bytesOf(byteCount);
    const refusing = { dial: () => Promise.reject(new Error("refused")) };
    same(await pull([holder(t, () => object)], altered({ direct: refusing })), object);
    // One who can't dial does not ask for a door.
    const replies: Promise<Uint8Array>[] = [];
    const lame = altered({ direct: undefined });
    const { request } = lame;
    lame.request = (...args) => {
      replies.push(request(...args));
      return replies.at(-1)!;
    };
    same(await pull([holder(t, () => object)], lame), object);
    for (const reply of await Promise.all(replies)) assert.is(decodeObjectReply(reply).door, undefined);
  });
}

test("pullObject() gives an object inside one process", async (t) => {
  const object = bytesOf(3_000_001);
  const inside = memoryBus();
  t.after(() => inside.close());
  same(await pull([holder(t, () => object, inside)], inside), object);
});

test("pullObject() goes on where it was when the connection breaks in the middle of 64 MiB", async (t) => {
  const object = bytesOf(64 * 1024 * 1024);
  let cutCount = 0;
  const { count, direct } = watched(({ bytes }, connection) => {
    if (bytes < (cutCount + 1) * 20_000_000 || cutCount === 2) return;
    cutCount++;
    connection().close();
  });
  const memory: number[] = [];
  const pulled = await pullObject(
    altered({ direct }),
    subjects,
    { ref: "x", at: [holder(t, () => object)] },
    (bytes) => {
      memory.push(bytes);
      return new Uint8Array(bytes);
    },
  );
  same(pulled, object);
  assert.is(count.dials, 3);
  assert.equal(memory, [object.byteLength]);
  // No more than the chunk that was under way is sent again at each cut.
  assert.ok(count.bytes < object.byteLength + 2 * maxChunkBytes, `${count.bytes} bytes came`);
});

test("pullObject() goes on with the next peer where it was when its holder dies", async (t) => {
  const object = bytesOf(64 * 1024 * 1024);
  const first = holder(t, () => (cutCount === 0 ? object : undefined));
  let cutCount = 0;
  const { count, direct } = watched(({ bytes }, connection) => {
    if (bytes < 20_000_000 || cutCount > 0) return;
    cutCount++;
    connection().close();
  });
  same(await pull([first, holder(t, () => object)], altered({ direct })), object);
  assert.is(count.dials, 2);
  assert.ok(count.bytes < object.byteLength + maxChunkBytes, `${count.bytes} bytes came`);
});

test("pullObject() goes on over the bus when a door never lets it in", async (t) => {
  const object = bytesOf(2_000_000);
  const { count, direct } = watched((_, connection) => connection().close());
  same(await pull([holder(t, () => object)], altered({ direct })), object);
  assert.is(count.dials, 1);
});

test("pullObject() takes nothing from a holder whose bytes have another sum, and says so", async (t) => {
  const log = logOf(t);
  const object = bytesOf(9_000_000);
  const damaging: Partial<Direct> = {
    dial: (place, reader) =>
      bus.direct!.dial(place, {
        ...reader,
        took(byteCount) {
          const room = reader.room();
          if (room.byteLength > 8) room[0]! ^= log.length === 0 ? 1 : 0;
          reader.took(byteCount);
        },
      }),
  };
  const [first, second] = [holder(t, () => object), holder(t, () => object)];
  same(await pull([first, second], altered({ direct: damaging })), object);
  assert.match(
    log.join("\n"),
    `object x is not taken from host ${first.id}: its bytes from 0 on do not have the sum`,
  );
  assert.is(log.length, 1);
});

test("pullObject() takes nothing from a liar on the bus, says so, and asks the next", async (t) => {
  const log = logOf(t);
  const object = bytesOf(300_000);
  const data = object.slice(0, 262_144);
  const good = holder(t, () => object);
  const lies: [ObjectReply, string][] = [
    [{ bytes: 300_000, data, sum: 1 }, "do not have the sum"],
    [{ bytes: 300_000, data: new Uint8Array(300_001) }, "it gave too much"],
    [{ bytes: 300_000, door: { token: new Uint8Array(16), places: [] } }, "a door that nobody asked for"],
  ];
  for (const [lie, words] of lies) {
    // Without a door of its own: what comes is believed chunk by chunk.
    const lame = altered({ direct: undefined });
    const run = pullObject(
      lame,
      subjects,
      { ref: "x", at: [liar(t, () => lie), good] },
      () => new Uint8Array(300_000),
    );
    same(await run, object);
    assert.match(log.at(-1)!, words);
  }
});

test("pullObject() keeps what one gave when the next says another size, and does not take that", async (t) => {
  const log = logOf(t);
  const object = bytesOf(600_000);
  let askedCount = 0;
  const half = liar(t, (offset, length) =>
    askedCount++ === 0 ? { bytes: 600_000, data: object.slice(offset, offset + length) } : { bytes: 0 },
  );
  const other = liar(t, () => ({ bytes: 5, data: new Uint8Array(5) }));
  same(await pull([half, other, holder(t, () => object)]), object);
  assert.match(log.join(), "it says that it has 5 bytes, where another said 600000");
});

test("pullObject() waits for a peer that is about to have the object", async (t) => {
  const object = bytesOf(500_000);
  let deliver = (_: Uint8Array) => {};
  const coming = new Promise<Uint8Array>((resolve) => {
    deliver = resolve;
  });
  let askedCount = 0;
  const peer = holder(t, () => {
    askedCount++;
    // It is asked again, once it has said that the object is still coming.
    if (askedCount === 2) deliver(object);
    return coming;
  });
  same(await pull([peer, holder(t, () => assert.unreachable() as never)]), object);
  assert.is(askedCount, 2);
});

test("pullObject() asks the next when what was coming to a peer does not come", async (t) => {
  const object = bytesOf(500_000);
  const failing = holder(t, () => Promise.reject(new Error("lost")));
  same(await pull([failing, holder(t, () => undefined), holder(t, () => object)]), object);
});

test("pullObject() asks the next at once when nobody listens where the first should be", async (t) => {
  const object = bytesOf(500_000);
  const requests: string[] = [];
  const noting = altered({ request: (subject) => requests.push(subject) });
  const gone: Peer = { kind: "host", id: "gone" };
  same(await pull([gone, holder(t, () => object)], noting), object);
  assert.is(requests.filter((subject) => subject.includes("gone")).length, 1);
});

test("pullObject() rejects with OBJECT_LOST when nobody has the object, and names whom it has asked", async (t) => {
  const at = [holder(t, () => undefined), holder(t, () => undefined)];
  const { message } = await rejects(pull(at), "OBJECT_LOST");
  assert.match(message, `host ${at[0]!.id}, host ${at[1]!.id} no longer has it`);
  await rejects(pull([]), "OBJECT_LOST");
});

test("pullObject() rejects with what its memory could not be made for", async (t) => {
  const peer = holder(t, () => bytesOf(500_000));
  const full = () => {
    throw new RangeError("full");
  };
  await pullObject(bus, subjects, { ref: "x", at: [peer] }, full).then(
    () => assert.unreachable(),
    (error) => assert.instance(error, RangeError),
  );
});

test("pullObject() writes nothing any more when it was aborted", async (t) => {
  const object = bytesOf(64 * 1024 * 1024).fill(1);
  const abort = new AbortController();
  const { direct } = watched(({ bytes }) => bytes > 5_000_000 && abort.abort(new Error("enough")));
  const memory = new Uint8Array(object.byteLength);
  const pulling = pullObject(
    altered({ direct }),
    subjects,
    { ref: "x", at: [holder(t, () => object)] },
    () => memory,
    { signal: abort.signal },
  );
  const error = await pulling.catch((error) => error);
  assert.is(error.message, "enough");
  memory.fill(0);
  same(await pull([holder(t, () => object)]), object);
  assert.equal(memory.indexOf(1), -1);
});

test("pullObject() goes on with the next peer at once when one that never answers is said to be gone", async (t) => {
  const object = bytesOf(100_000);
  const frozen: Peer = { kind: "host", id: "frozen" };
  const isAsked = new Promise<void>((resolve) => {
    const subscription = bus.subscribe(subjects.objects(frozen), () => resolve());
    t.after(() => subscription.unsubscribe());
  });
  const departures = new Departures();
  const pulling = pull([frozen, holder(t, () => object)], bus, departures);
  await isAsked;
  departures.gone("frozen");
  same(await pulling, object);
});

test("pullObject() goes on where it was with the next peer when one in the middle of it is said to be gone", async (t) => {
  const object = bytesOf(64 * 1024 * 1024);
  const departures = new Departures();
  const first = holder(t, () => object);
  const { direct, count } = watched(({ bytes }) => {
    if (bytes > 5_000_000) departures.gone(first.id);
  });
  same(await pull([first, holder(t, () => object)], altered({ direct }), departures), object);
  assert.is(count.dials, 2);
});
