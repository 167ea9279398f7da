import { longestSourceMapBytes } from "../../scheduler/control/control.ts";
import { jetstreamControl } from "../../scheduler/control/jetstream.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { assert, suite } from "../support/index.ts";
import { bytesOf } from "./job.ts";

const test = suite("control faults");
let cluster: Cluster;

test.before(async (t) => {
  cluster = await startCluster(t, { hosts: 0 });
});

test("getModule() gives the whole module when several hosts put it at once, again and again", async () => {
  const connections = await Promise.all(Array.from({ length: 5 }, () => cluster.nats()));
  const bytes = bytesOf(700_000, 1);
  for (let round = 0; round < 8; round++) {
    const controls = await Promise.all(connections.map((nats) => jetstreamControl(nats, `round-${round}`)));
    await Promise.all(
      controls.map(async (control) => {
        await control.putModule("sha", bytes);
        assert.equal(await control.getModule("sha"), bytes);
      }),
    );
  }
});

test("getModule() gives undefined for a module that nobody put, or that was deleted, until it is put again", async () => {
  const nats = await cluster.nats();
  const control = await jetstreamControl(nats, "deleted");
  assert.is(await control.getModule("sha"), undefined);
  await control.putModule("sha", bytesOf(1_000, 1));
  const store = await nats.jetstream().views.os("wray-deleted-modules");
  await store.delete("sha");
  assert.is(await control.getModule("sha"), undefined);
  await control.putModule("sha", bytesOf(1_000, 1));
  assert.equal(await control.getModule("sha"), bytesOf(1_000, 1));
});

test("getSourceMap() gives the source map that was put first, and none that is missing or too long", async () => {
  const control = await jetstreamControl(await cluster.nats(), "maps");
  assert.is(await control.getSourceMap("sha"), undefined);
  await control.putModule("sha", bytesOf(1_000, 1));
  assert.is(await control.getSourceMap("sha"), undefined);
  for (const seed of [2, 3]) await control.putSourceMap("sha", bytesOf(longestSourceMapBytes, seed));
  assert.equal(await control.getSourceMap("sha"), bytesOf(longestSourceMapBytes, 2));
  assert.equal(await control.getModule("sha"), bytesOf(1_000, 1));
  await control.putSourceMap("long", bytesOf(longestSourceMapBytes + 1, 4));
  assert.is(await control.getSourceMap("long"), undefined);
});

test("jetstreamControl() makes its buckets anew when they were deleted", async () => {
  const nats = await cluster.nats();
  const control = await jetstreamControl(nats, "gone");
  await control.nameModule("name", "sha");
  const manager = await nats.jetstreamManager();
  for await (const { config } of manager.streams.list()) {
    if (config.name.includes("wray-gone-")) await manager.streams.delete(config.name);
  }
  assert.is(await control.findModule("name"), undefined);
  assert.is(await control.getModule("sha"), undefined);
  await control.nameModule("name", "other");
  assert.is(await control.findModule("name"), "other");
  assert.ok((await control.putLease({ host: "h", epoch: 0, cpus: 1 })) > 0);
  assert.equal(await control.leases(), [{ host: "h", epoch: 0, cpus: 1 }]);
});

test("leases() gives every lease that was not dropped", async () => {
  const control = await jetstreamControl(await cluster.nats(), "leases");
  const ids = Array.from({ length: 40 }, (_, index) => `host-${index}`);
  assert.equal(await control.leases(), []);
  await Promise.all(ids.map((host) => control.putLease({ host, epoch: 1, cpus: 2 })));
  await control.dropLease("host-7");
  for (let round = 0; round < 20; round++) {
    const leases = await control.leases();
    assert.equal(leases.map(({ host }) => host).sort(), ids.filter((id) => id !== "host-7").sort());
  }
});
