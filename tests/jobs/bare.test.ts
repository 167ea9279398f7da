import { decode, encode } from "@msgpack/msgpack";
import type { NatsConnection } from "nats";
import { startCluster } from "../support/cluster.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("jobs of bare NATS clients");

/** What a client of any language does: it knows subjects, and nothing of ours. */
async function resultOf(nats: NatsConnection, id: string): Promise<Uint8Array> {
  const results = await nats.jetstream().views.kv("wray-default-results");
  for await (const { value } of await results.watch({ key: id })) {
    if (value.length > 0) return value;
  }
  throw new Error("the watch ended");
}

test("a job that is published in JSON or MessagePack is run, and its result is a key of the bucket", async (t) => {
  const cluster = await startCluster(t);
  const nats = await cluster.nats();
  const subject = "wray.v1.default.jobs";
  const ack = await nats.request(`${subject}.in-json`, JSON.stringify({ kernel: "math/add", args: [1, 2] }));
  assert.is(ack.json<{ stream: string }>().stream, "wray-default-jobs");
  await nats.request(`${subject}.in-messagepack`, encode({ kernel: "math/add", args: [3, 4] }));
  const json = JSON.parse(new TextDecoder().decode(await resultOf(nats, "in-json")));
  assert.is(json.state, "done");
  assert.is(json.value, 3);
  const packed = decode(await resultOf(nats, "in-messagepack")) as { state: string; value: number };
  assert.is(packed.state, "done");
  assert.is(packed.value, 7);
});
