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

test("plain requests are enough: one publishes a job, one asks for its result, and nothing else is needed", async (t) => {
  const cluster = await startCluster(t);
  const nats = await cluster.nats();
  const resultSubject = (id: string) => `$KV.wray-default-results.${id}`;
  const ask = (id: string) => nats.request(`$JS.API.DIRECT.GET.KV_wray-default-results.${resultSubject(id)}`);
  // What is written there is a message for whoever listens.
  const arrived = nats.subscribe("$KV.wray-default-results.*", { max: 2 });
  const publish = (id: string, job: object) =>
    nats.request(`wray.v1.default.jobs.${id}`, JSON.stringify(job));
  assert.is((await ask("bare")).headers!.code, 404);
  await publish("bare", { kernel: "math/fib", args: [90] });
  await publish("wrong", { kernel: "math/fib", args: ["no"] });
  for await (const _ of arrived);
  const done = (await ask("bare")).json<Record<string, unknown>>();
  assert.equal([done.state, done.value, done.host], ["done", "2880067194370816120", cluster.hosts[0]!.id]);
  const failed = (await ask("wrong")).json<{ state: string; error: { code: string } }>();
  assert.equal([failed.state, failed.error.code], ["failed", "INVALID_TASK"]);
});

test("the stream refuses a second job of an id that is still to be done", async (t) => {
  const cluster = await startCluster(t, { hosts: 0 });
  const wray = await cluster.connect();
  assert.equal(await wray.jobs(), []);
  const nats = await cluster.nats();
  const publish = (args: number[]) =>
    nats.request("wray.v1.default.jobs.same", JSON.stringify({ kernel: "math/add", args }));
  assert.is((await publish([1, 2])).json<{ seq: number }>().seq, 1);
  const { error } = (await publish([3, 4])).json<{ error: { err_code: number } }>();
  assert.is(error.err_code, 10_077);
  await cluster.startHost();
  assert.is(await wray.job("same").result(), 3);
});
