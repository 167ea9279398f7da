import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { nodeDirect } from "../../../scheduler/bus/node-direct.ts";
import { crc32 } from "../../../scheduler/objects/crc32.ts";
import { Door } from "../../../scheduler/objects/door.ts";
import {
  encodeGreeting,
  encodeRequests,
  headerBytes,
  maxChunkBytes,
} from "../../../scheduler/objects/frames.ts";
import { pullDirect } from "../../../scheduler/objects/pull-direct.ts";
import { tokenMs } from "../../../scheduler/objects/tokens.ts";
import type { Door as DoorMessage } from "../../../scheduler/protocol/messages.ts";
import { assert, suite, type TestContext } from "../../support/index.ts";

const test = suite("objects/door");

const object = new Uint8Array(new SharedArrayBuffer(24 * 1024 * 1024));
for (let index = 0; index < object.byteLength; index += 1_000) object[index] = index % 251;
const mask = crypto.getRandomValues(new Uint8Array(16));

async function openDoor(t: TestContext, nowMs = () => 0) {
  const door = new Door({ direct: nodeDirect, address: undefined, nowMs });
  t.after(() => door.close());
  return { door, message: (await door.open(object))! };
}

/** A bare connection to a door, which must not break: it is for the door to close it. */
async function dial(t: TestContext, { places }: DoorMessage): Promise<Socket> {
  const place = places.find((place) => "host" in place)!;
  const socket = connect(place as { host: string; port: number });
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.on("error", () => {});
  return socket;
}

/** Waits until the door has closed a connection; returns what came before. */
async function closed(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  socket.on("data", (data) => parts.push(data));
  // Not by once(), which rejects when the end comes as a reset.
  await new Promise((resolve) => socket.on("close", resolve));
  return Buffer.concat(parts);
}

const copy = new Uint8Array(object.byteLength);

const pull = (message: DoorMessage) => {
  copy.fill(255);
  return pullDirect(nodeDirect, message, copy, 0, undefined);
};

const greetingOf = ({ token }: DoorMessage, more: Partial<DoorMessage> = {}) =>
  encodeGreeting({ token, summedBytes: maxChunkBytes, ...more }, mask);

for (const kind of ["socket", "host"] as const) {
  test(`a door gives the object to who shows its token at its ${kind}`, async (t) => {
    const { message } = await openDoor(t);
    const places = message.places.filter((place) => kind in place);
    assert.is(places.length, 1);
    const doneBytes = await pull({ ...message, places });
    assert.is(doneBytes, object.byteLength);
    assert.ok(Buffer.from(copy.buffer).equals(object));
  });
}

test("a door is at an address that only this machine can reach, and at a name", async (t) => {
  const { message } = await openDoor(t);
  assert.equal(
    message.places.map((place) => ("host" in place ? place.host : Object.keys(place))),
    [["socket"], "127.0.0.1"],
  );
});

test("open() gives each time another token, and the same places", async (t) => {
  const { door, message } = await openDoor(t);
  const other = (await door.open(object))!;
  assert.equal(other.places, message.places);
  assert.not.equal(other.token, message.token);
});

test("a door closes on who shows a wrong token, having said nothing", async (t) => {
  const { message } = await openDoor(t);
  const socket = await dial(t, message);
  socket.write(greetingOf(message, { token: mask }));
  socket.write(encodeRequests([{ offset: 0, length: 100 }]));
  assert.is((await closed(socket)).length, 0);
  assert.is(await pull({ ...message, token: mask }), 0);
});

test("a door closes on who shows a token for the second time", async (t) => {
  const { message } = await openDoor(t);
  assert.is(await pull(message), object.byteLength);
  assert.is(await pull(message), 0);
});

test("a door closes on who shows a token that is too old", async (t) => {
  let nowMs = 0;
  const { door, message } = await openDoor(t, () => nowMs);
  const late = await door.open(object);
  nowMs = tokenMs;
  assert.is(await pull(message), 0);
  nowMs = tokenMs - 1;
  assert.is(await pull(late!), object.byteLength);
});

test("a door closes on garbage, having said nothing", async (t) => {
  const { message } = await openDoor(t);
  for (const bytes of [
    crypto.getRandomValues(new Uint8Array(1_000)),
    Buffer.from("GET / HTTP/1.1\r\n".repeat(20)),
  ]) {
    const socket = await dial(t, message);
    socket.write(bytes);
    assert.is((await closed(socket)).length, 0);
  }
});

test("a door closes on who shows no token, or half of one, in time", async (t) => {
  const { message } = await openDoor(t);
  const sockets = [await dial(t, message), await dial(t, message)];
  sockets[1]!.write(greetingOf(message).subarray(0, 20));
  for (const said of await Promise.all(sockets.map(closed))) assert.is(said.length, 0);
});

test("a door closes on who asks for what is not in the object, and still serves others", async (t) => {
  const { door, message } = await openDoor(t);
  const socket = await dial(t, message);
  socket.write(greetingOf(message));
  socket.write(encodeRequests([{ offset: object.byteLength, length: 1 }]));
  assert.is((await closed(socket)).length, 0);
  assert.is(await pull((await door.open(object))!), object.byteLength);
});

test("a door sends a header with length and sum before each chunk", async (t) => {
  const { message } = await openDoor(t);
  const socket = await dial(t, message);
  socket.write(greetingOf(message));
  socket.write(encodeRequests([{ offset: 1_000, length: 5 }]));
  const [data] = (await once(socket, "data")) as [Buffer];
  assert.is(data.length, headerBytes + 5);
  assert.is(data.readUInt32LE(0), 5);
  assert.is(data.readUInt32LE(4), crc32(object.subarray(1_000, 1_005)));
  assert.equal(Uint8Array.from(data.subarray(headerBytes)), object.slice(1_000, 1_005));
});

test("slow readers make a door's memory not grow, nor do they stall others", async (t) => {
  const { door, message } = await openDoor(t);
  await pull((await door.open(object))!);
  const before = process.memoryUsage();
  const slow = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = await dial(t, message);
      socket.pause();
      socket.write(greetingOf((await door.open(object))!));
      socket.write(
        encodeRequests(Array.from({ length: 8 }, (_, at) => ({ offset: at * 1_000_000, length: 1_000_000 }))),
      );
      await once(socket, "readable");
      return socket;
    }),
  );
  for (let time = 0; time < 3; time++) {
    assert.is(await pull((await door.open(object))!), object.byteLength);
    assert.ok(Buffer.from(copy.buffer).equals(object));
  }
  // 160 MB are asked for and not read.
  const after = process.memoryUsage();
  const grownBytes = after.arrayBuffers + after.external - before.arrayBuffers - before.external;
  assert.ok(grownBytes < 40_000_000, `grew by ${grownBytes} bytes`);
  for (const socket of slow) socket.destroy();
});

test("close() ends what is under way, and lets nobody in any more", async (t) => {
  const { door, message } = await openDoor(t);
  const [socket, other] = [await dial(t, message), (await door.open(object))!];
  socket.write(greetingOf(message));
  door.close();
  await closed(socket);
  assert.is(await pull(other), 0);
  assert.is(await door.open(object), undefined);
});

test("open() gives nothing, and says why, when the address is not this machine's", async (t) => {
  const told: string[] = [];
  const { error } = console;
  console.error = (text: string) => told.push(text);
  t.after(() => {
    console.error = error;
  });
  const door = new Door({ direct: nodeDirect, address: "203.0.113.1:7000", nowMs: () => 0 });
  t.after(() => door.close());
  assert.is(await door.open(object), undefined);
  assert.match(told.join(), "objects go over NATS alone: can't listen at 203.0.113.1:7000");
});
