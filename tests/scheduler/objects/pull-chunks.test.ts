import { memoryBus } from "../../../scheduler/bus/memory.ts";
import { requestObject } from "../../../scheduler/objects/pull-chunks.ts";
import { encodeMessage } from "../../../scheduler/protocol/codec.ts";
import { assert, rejects, suite } from "../../support/index.ts";

const test = suite("objects/pull-chunks");
const request = { id: "a", offset: 0, length: 3 };

test("requestObject() asks again when its request, or the reply, is lost on the way", async () => {
  const bus = memoryBus();
  let askedCount = 0;
  bus.subscribe("objects", (_, respond) => {
    if (++askedCount === 3) respond(encodeMessage({ bytes: 3, data: Uint8Array.of(1, 2, 3) }));
  });
  const { data } = await requestObject(bus, "objects", request);
  assert.equal([...data!], [1, 2, 3]);
  assert.is(askedCount, 3);
});

test("requestObject() rejects with CONNECTION_FAILED at once when nobody is there, and later when nobody answers", async () => {
  const bus = memoryBus();
  await rejects(requestObject(bus, "objects", request), "CONNECTION_FAILED");
  let askedCount = 0;
  bus.subscribe("objects", () => askedCount++);
  await rejects(requestObject(bus, "objects", request), "CONNECTION_FAILED");
  assert.is(askedCount, 4);
});
