import { readFile } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decode, encode } from "@msgpack/msgpack";
import type { ObjectRef } from "wray";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { assert, rejects } from "../support/index.ts";
import { renewed } from "./modules.ts";
import { apiSuite, clientTests } from "./suite.ts";

let cluster: Cluster;

const { test, api } = apiSuite(
  "nats",
  async (t) => {
    cluster = await startCluster(t, { hosts: 2 });
    return (options) => cluster.connect(options);
  },
  clientTests,
);

/** Asks every host for the first byte of an object, and returns how many have it. */
async function countHolders(id: string): Promise<number> {
  const nats = await cluster.nats();
  const replies = await Promise.all(
    cluster.hosts.map(async (host) => {
      const request = encode({ id, offset: 0, length: 1 });
      return decode((await nats.request(`wray.v1.default.host.${host.id}.objects`, request)).data);
    }),
  );
  await nats.close();
  return replies.filter((reply) => (reply as { bytes: number }).bytes > 0).length;
}

test("shutdown() makes hosts let go of the client's objects", async () => {
  const wray = await cluster.connect();
  const probe = await wray.load(api().files.probe);
  const [made, put] = [probe.kernel("bytes").remote(50_000, 1), wray.put("x".repeat(50_000))];
  await wray.get([made, probe.kernel("join").remote(put, put)]);
  assert.is(await countHolders(made.id), 1);
  assert.is(await countHolders(put.id), 1);
  await wray.shutdown();
  assert.is(await countHolders(made.id), 0);
  assert.is(await countHolders(put.id), 0);
});

test("shutdown() rejects a get that is fetching a large value", async () => {
  const wray = await cluster.connect();
  const large = (await wray.load(api().files.probe)).kernel("bytes").remote(8_000_000, 1);
  await wray.wait([large]);
  const fetching = rejects(wray.get(large), "SHUTDOWN");
  await wray.shutdown();
  await fetching;
});

test("get() tells functions and offsets when what the cluster has for a source map is broken or too long", async () => {
  const wray = await cluster.connect();
  const nats = await cluster.nats();
  const store = await nats.jetstream().views.os("wray-default-modules");
  const bytes = await readFile(api().files.faults);
  const { sources, mappings } = JSON.parse(await readFile(`${api().files.faults}.map`, "utf8"));
  const long = JSON.stringify({ version: 3, sources, mappings: mappings + " ".repeat(2 * 1024 * 1024) });
  for (const map of ["", "{", '{"version":3,"sources":[],"mappings":"AAAA"}', long]) {
    const module = await wray.load(renewed(bytes));
    await store.putBlob({ name: `${module.sha256}.map` }, Buffer.from(map));
    const { message } = await rejects(wray.get(module.kernel("checked").remote(1, 0)), "TASK_ERROR");
    assert.match(message, /^faults\/checked: unreachable \(at offset 0x[0-9a-f]+ of check\)$/);
  }
  const module = await wray.load(renewed(bytes));
  await store.putBlob({ name: `${module.sha256}.map` }, Buffer.from(long.replace(/ +/, "")));
  const { message } = await rejects(wray.get(module.kernel("checked").remote(1, 0)), "TASK_ERROR");
  assert.match(message, /\(at tests\/api\/fixtures\/faults\.ts:\d+:\d+\)$/);
});

test("ObjectRef lets its object go when the program drops it", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const wray = await cluster.connect();
  const bytes = (await wray.load(api().files.probe)).kernel("bytes");
  const refs: ObjectRef[] = [bytes.remote(50_000, 1), bytes.remote(50_000, 2)];
  await wray.get(refs);
  const [droppedId, keptId] = refs.map(({ id }) => id) as [string, string];
  refs.shift();
  while ((await countHolders(droppedId)) > 0) {
    collect();
    await turn();
  }
  assert.is(await countHolders(keptId), 1);
  assert.is(((await wray.get(refs[0]!)) as Uint8Array).length, 50_000);
});
