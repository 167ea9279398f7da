import { compileProbe } from "../api/modules.ts";
import { type Cluster, type HostProcess, startCluster } from "../support/cluster.ts";
import { assert, suite, type TestContext } from "../support/index.ts";
import { type Cut, makeNetwork, type Network, whyNoNetworks } from "../support/network.ts";
import { checksumOf, startJob } from "./job.ts";

const test = suite("network cuts");
/** On a machine that does nothing else it is about 750 ms. */
const elsewhereMs = 2_000;

const cuts: Record<Cut, string> = {
  unplugged: "its cable is pulled",
  both: "packets vanish both ways",
  to: "packets to it vanish",
  from: "packets from it vanish",
};

const reason = whyNoNetworks();
const titles = Object.entries(cuts).map(([how, title]) => ({
  how: how as Cut,
  title: `tasks of a host run elsewhere within 1 s when ${title}; it is of use again when that is over`,
}));
const objectTitle = "objects go over NATS between hosts that can't reach each other";

if (reason !== undefined) {
  for (const title of [...titles.map(({ title }) => title), objectTitle]) test.skip(title, reason);
} else {
  for (const { how, title } of titles) test(title, (t) => cutAndHeal(t, how), { timeoutMs: 60_000 });
  test(objectTitle, passObjects, { timeoutMs: 60_000 });
}

type Hosts = { network: Network; cluster: Cluster; near: HostProcess; far: HostProcess };

/** A server and a host in this network, and a host in another. */
async function startHosts(t: TestContext): Promise<Hosts> {
  const network = makeNetwork(t);
  const cluster = await startCluster(t, { hosts: 0, address: network.here });
  const [near, far] = await Promise.all([
    cluster.startHost({ cpus: 4, args: ["--name", "near"] }),
    cluster.startHost({ cpus: 1, args: ["--name", "far", "--label", "place=far"], by: network.by }),
  ]);
  return { network, cluster, near, far };
}

async function cutAndHeal(t: TestContext, how: Cut): Promise<void> {
  const { network, cluster, near, far } = await startHosts(t);
  const wray = await cluster.connect();
  const probe = await wray.load(await compileProbe());
  const long = probe
    .kernel("busy")
    .options({ prefer: { place: "far" } })
    .remote("moved", 500_000_000);
  await far.printed(/busy moved/);
  const cutMs = performance.now();
  network.cut(how);
  const job = startJob(wray, probe, 40);
  await near.printed(/busy moved/);
  const tookMs = performance.now() - cutMs;
  console.log(`${cuts[how]}: what it had runs elsewhere after ${Math.round(tookMs)} ms`);
  assert.ok(tookMs < elsewhereMs, `it took ${tookMs} ms`);
  assert.equal(
    wray.nodes().map(({ id }) => id),
    ["near"],
  );
  assert.is(await wray.get(long), "moved");
  await job.check();

  network.heal();
  await far.printed(/took it for dead; dropped [1-9]\d* tasks/);
  await cluster.knows(wray, ["far", "near"]);
  assert.is(await wray.get(probe.kernel("join").options({ host: "far" }).remote("a", "b")), "ab");
  assert.is(wray.stats().hostsLost, 1);
  await job.check();
}

async function passObjects(t: TestContext): Promise<void> {
  const { cluster } = await startHosts(t);
  const wray = await cluster.connect();
  const probe = await wray.load(await compileProbe());
  const [bytes, checksum] = [probe.kernel("bytes"), probe.kernel("checksum")];
  for (const [from, to] of [
    ["near", "far"],
    ["far", "near"],
  ] as const) {
    const large = bytes.options({ host: from }).remote(5_000_000, 1);
    const sum = await wray.get(checksum.options({ host: to }).remote(large));
    assert.is(sum, checksumOf((await wray.get(large)) as Uint8Array));
  }
}
