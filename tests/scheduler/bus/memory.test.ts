import { memoryBus } from "../../../scheduler/bus/memory.ts";
import { ProtocolError } from "../../../scheduler/protocol/errors.ts";
import { assert, rejects, suite } from "../../support/index.ts";

const test = suite("bus/memory");

const bytesOf = (...bytes: number[]) => Uint8Array.from(bytes);

test("publish() calls every subscriber in order when the current task has ended", async () => {
  const bus = memoryBus();
  const got: string[] = [];
  bus.subscribe("s", ([first]) => got.push(`a${first}`));
  bus.subscribe("s", ([first]) => got.push(`b${first}`));
  bus.subscribe("other", () => got.push("other"));
  bus.publish("s", bytesOf(1));
  bus.publish("s", bytesOf(2));
  assert.equal(got, []);
  await Promise.resolve();
  assert.equal(got, ["a1", "b1", "a2", "b2"]);
});

test("subscribe() gives a message to one of each queue, and to all others", async () => {
  const bus = memoryBus();
  const got: string[] = [];
  for (const [name, queue] of [["a", "q"], ["b", "q"], ["c", "other"], ["d"], ["e"]] as const) {
    bus.subscribe("s", () => got.push(name), queue);
  }
  bus.publish("s", bytesOf(1));
  await Promise.resolve();
  assert.equal(got, ["a", "c", "d", "e"]);
});

test("subscribe() loses only the message that breaks the protocol when a handler throws", async () => {
  const bus = memoryBus();
  const got: number[] = [];
  bus.subscribe("s", ([first]) => {
    if (first === 1) throw new ProtocolError("no");
    got.push(first!);
  });
  for (const first of [0, 1, 2]) bus.publish("s", bytesOf(first));
  await Promise.resolve();
  assert.equal(got, [0, 2]);
});

test("unsubscribe() ends the calls when one of two listeners leaves", async () => {
  const bus = memoryBus();
  const got: string[] = [];
  const first = bus.subscribe("s", () => got.push("first"));
  bus.subscribe("s", () => got.push("second"));
  first.unsubscribe();
  bus.publish("s", bytesOf());
  await Promise.resolve();
  assert.equal(got, ["second"]);
});

test("request() gets the answer of a service", async () => {
  const bus = memoryBus();
  const service = { name: "n", version: "1.0.0", description: "", subject: "s", endpoint: "e", metadata: {} };
  await bus.serve(service, async ([first]) => bytesOf(first! + 1));
  assert.equal(await bus.request("s", bytesOf(1), 1_000), bytesOf(2));
});

test("request() rejects when nobody listens", async () => {
  const bus = memoryBus();
  await rejects(bus.request("s", bytesOf(), 1_000), "CONNECTION_FAILED");
  bus.subscribe("s", () => {}).unsubscribe();
  await rejects(bus.request("s", bytesOf(), 1_000), "CONNECTION_FAILED");
});

test("request() rejects when no answer comes in time", async () => {
  const bus = memoryBus();
  bus.subscribe("s", () => {});
  const error = await rejects(bus.request("s", bytesOf(), 20), "CONNECTION_FAILED");
  assert.match(error.message, "20 ms");
});

test("close() drops what is published and rejects what is requested", async () => {
  const bus = memoryBus();
  bus.subscribe("s", () => assert.unreachable());
  await bus.close();
  bus.publish("s", bytesOf());
  await rejects(bus.request("s", bytesOf(), 1_000), "CONNECTION_FAILED");
});
