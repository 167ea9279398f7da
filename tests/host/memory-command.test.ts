import { init, type ObjectRef } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("wray memory");
const values = new Float64Array(100_000).fill(1);

test(
  "it tells of each object where it is, what made it, and who holds it, and of each host how full it is",
  async (t) => {
    const cluster = await startCluster(t, { hosts: 1 });
    const wray = await cluster.connect();
    const [scale, dot] = [await wray.remote("vector/scale"), await wray.remote("vector/dot")];
    const put = wray.put(values);
    const result = scale.remote(put, 2);
    assert.is(await wray.get(dot.remote(put, result)), 200_000);
    const nested = await wray.load(await compileOnce("tests/api/fixtures/nested.ts"));
    const endless = nested.kernel("spin").remote() as ObjectRef<number>;
    // Its argument waits for what runs for ever.
    const waiting = scale.remote(put, endless);

    const command = startCommand(t, ["memory", "--servers", cluster.server.url]);
    assert.is((await command.ended).code, 0);
    const lines = command.text().split("\n");
    const lineOf = (id: string) => lines.find((line) => line.includes(` ${id} `))!;
    const hostId = cluster.hosts[0]!.id;
    assert.match(lineOf(put.id), "800,008");
    assert.match(lineOf(put.id), `host ${hostId}; client ${wray.id}`);
    assert.match(lineOf(put.id), "a ref of its program, task vector/scale");
    assert.match(lineOf(result.id), "result of vector/scale");
    assert.match(lineOf(result.id), "a ref of its program");
    assert.match(lineOf(waiting.id), "not known");
    const totals = lines.find((line) => line.startsWith(`│ ${hostId}`) && line.includes("MiB"))!;
    assert.match(totals, /MiB │ +1\.6 MiB │ +0\.0 MiB │ +0\.0 MiB/);
    wray.cancel(endless);
  },
  { timeoutMs: 90_000 },
);

test("memory() of an embedded host gives the same as plain data", async (t) => {
  const wray = await init({ cpus: 1 });
  t.after(() => wray.shutdown());
  const result = (await wray.remote("vector/scale")).remote(values, 2);
  await wray.wait([result]);
  const { objects, hosts, silent, omittedCount } = await wray.memory();
  assert.equal(silent, []);
  assert.is(omittedCount, 0);
  const object = objects.find(({ id }) => id === result.id)!;
  assert.is(object.bytes, 800_008);
  assert.is(object.owner, wray.id);
  assert.is(object.label, "result of vector/scale");
  assert.ok(object.holders.some(({ kind }) => kind === "ref"));
  assert.ok(hosts[0]!.usedBytes >= 800_008);
  assert.ok(hosts[0]!.usedBytes <= hosts[0]!.capacityBytes);
});
