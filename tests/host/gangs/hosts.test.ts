import type { Client, ObjectRef } from "wray";
import { type CollectiveError, HostDiedError } from "../../../scheduler/protocol/errors.ts";
import { gangTests } from "../../api/gangs.ts";
import { compileOnce } from "../../kernels/asc.ts";
import { type Cluster, startCluster } from "../../support/cluster.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("host/gangs/hosts");

const hosts = 4;
let cluster: Cluster;
let wray: Client;
test.before(async (t) => {
  cluster = await startCluster(t, { hosts });
  wray = await cluster.connect();
  await cluster.knows(
    wray,
    cluster.hosts.map(({ id }) => id),
  );
});

gangTests(test, () => ({ wray, mostMembers: hosts }), "between processes");

/** Twice as long as it takes at most, since the machine may be busy with other tests. */
const withinMs = 2_000;

for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
  test(`when a host gets ${signal}, the members on the others hear of it within a second`, async (t) => {
    const { hosts, connect, knows } = await startCluster(t, { hosts: 4 });
    const client = await connect();
    await knows(
      client,
      hosts.map(({ id }) => id),
    );
    const gang = await client.load(await compileOnce("tests/api/fixtures/gang.ts"));
    // One never comes to the reduction that the others wait in.
    const deeds = ["spin", "reduce", "reduce", "reduce"];
    let refs: ObjectRef[] = [];
    await new Promise<void>((resolve) => {
      let begunCount = 0;
      const onProgress = () => ++begunCount === deeds.length && resolve();
      const calls = deeds.map((): [string[]] => [deeds]);
      const kernel = gang.kernel("each").options({ onProgress });
      void kernel.gang(calls, { strategy: "STRICT_SPREAD" }).then((started) => {
        refs = started;
      });
    });
    const beganMs = performance.now();
    hosts[1]!.process.kill(signal);
    const errors = (await Promise.all(
      refs.map((ref) => client.get(ref).catch((error: Error) => error)),
    )) as CollectiveError[];
    const tookMs = performance.now() - beganMs;
    // A frozen one would not hear that the test has ended.
    await hosts[1]!.kill("SIGKILL");
    console.log(`${signal}: all had heard of it after ${tookMs.toFixed(0)} ms`);
    const lost = errors.findIndex((error) => error instanceof HostDiedError);
    for (const [rank, error] of errors.entries()) {
      if (rank === lost) continue;
      assert.is(error.code, "COLLECTIVE_FAILED");
      assert.is(error.data.rank, lost);
    }
    assert.ok(tookMs < withinMs, `${tookMs} ms`);
  });
}
