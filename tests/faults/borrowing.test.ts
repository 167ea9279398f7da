import { type Client, init } from "wray";
import { compileProbe } from "../api/modules.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";
import { bytesOf, checksumOf } from "./job.ts";
import { startHosts } from "./start-hosts.ts";

const test = suite("borrowing");
let cluster: Cluster;
let wasm: string;

test.before(async (t) => {
  [cluster, wasm] = await Promise.all([startCluster(t, { hosts: 0 }), compileProbe()]);
});

/** Hosts, a program that shares refs, what it shares by name, and a client that may borrow them. */
async function startLender(t: TestContext, ...hostNames: string[]) {
  const own = `c${Math.random().toString(36).slice(2)}`;
  const hosts = await Promise.all(
    hostNames.map((name) => cluster.startHost({ cluster: own, cpus: 2, args: ["--name", name] })),
  );
  t.after(() => Promise.all(hosts.map((host) => host.kill())));
  const file = "build/tests/faults/lender.mjs";
  const lender = startCommand(t, [cluster.server.url, wasm, own], { file });
  const wray: Client = await cluster.connect({ cluster: own });
  const probe = await wray.load(wasm);
  const shared = async (name: string) => (await lender.printed(new RegExp(`^${name} (\\S+)$`)))[1]!;
  const tell = async (what: string, answer: RegExp) => {
    lender.process.stdin!.write(`${what}\n`);
    await lender.printed(answer);
  };
  return {
    hosts,
    own,
    lender,
    wray,
    probe,
    tell,
    borrow: async (name: string) => wray.borrow(await shared(name)),
  };
}

test("borrow() gives what another client has shared, to get, to wait for, and for tasks", async (t) => {
  const { wray, probe, borrow } = await startLender(t, "a");
  const [small, large, put] = [await borrow("small"), await borrow("large"), await borrow("put")];
  assert.is(await wray.get(small), "ab");
  assert.equal(await wray.get(large), bytesOf(500_000, 1));
  assert.is(((await wray.get(put)) as Uint8Array)[499_999], 7);
  assert.is(await wray.get(probe.kernel("checksum").remote(large)), checksumOf(bytesOf(500_000, 1)));
  const error = await rejects(wray.get(await borrow("failing")), "TASK_ERROR");
  assert.match(error.message, "on purpose");
  const outer = (await wray.get(await borrow("outer"))) as { inner: typeof small };
  assert.is(await wray.get(outer.inner), "inside");
  const { pending } = await wray.wait([small, await borrow("endless")], { numReturns: 2, timeoutMs: 100 });
  assert.is(pending.length, 1);
});

test("borrow() twice gives the same object, and what was borrowed can be shared again", async (t) => {
  const { wray, borrow } = await startLender(t, "a");
  const [one, other] = [await borrow("large"), await borrow("large")];
  assert.is(one.id, other.id);
  wray.free(one);
  assert.equal(await wray.get(other), bytesOf(500_000, 1));
  assert.is(wray.borrow(wray.share(other)).id, other.id);
});

test("what is borrowed is kept when its owner lets go of it, and gone when all have", async (t) => {
  const { wray, tell, borrow } = await startLender(t, "a");
  const large = await borrow("large");
  await wray.wait([large]);
  await tell("free", /freed/);
  assert.equal(await wray.get(large), bytesOf(500_000, 1));
  wray.free(large);
  const ids = async () => (await wray.memory()).objects.flatMap(({ id }) => id ?? []);
  while ((await ids()).includes(large.id));
  await rejects(wray.get(await borrow("large")), "OBJECT_LOST");
});

test("borrowed refs whose owner is killed fail with OWNER_DIED within 1 s, and so do tasks that take them", async (t) => {
  const { wray, probe, lender, borrow } = await startLender(t, "a");
  const [endless, waiting, small] = [await borrow("endless"), await borrow("waiting"), await borrow("small")];
  const taking = probe.kernel("defaults").remote(endless as never);
  assert.is(await wray.get(small), "ab");
  const sinceMs = performance.now();
  lender.process.kill("SIGKILL");
  const error = await rejects(wray.get(endless), "OWNER_DIED");
  const tookMs = performance.now() - sinceMs;
  console.log(`owner died: borrowers knew after ${tookMs.toFixed(0)} ms`);
  assert.ok(tookMs < 2_000, `${tookMs} ms`);
  assert.match(
    error.message,
    `the client ${endless.id.split("-")[0]}, which owns object ${endless.id}, died`,
  );
  await rejects(wray.get(waiting), "OWNER_DIED");
  await rejects(wray.get(taking), "OWNER_DIED");
  // What was here stays.
  assert.is(await wray.get(small), "ab");
});

test("what is remembered only since something was made of it fails when it is borrowed again and its owner has died", async (t) => {
  const { wray, probe, lender, borrow } = await startLender(t, "a");
  const [small, endless] = [await borrow("small"), await borrow("endless")];
  const shared = wray.share(small);
  const made = probe.kernel("repeat").remote(small as never, 100_000);
  await wray.wait([made]);
  wray.free(small);
  lender.process.kill("SIGKILL");
  await rejects(wray.get(endless), "OWNER_DIED");
  await rejects(wray.get(wray.borrow(shared)), "OWNER_DIED");
  assert.is(await wray.get(made), "ab".repeat(100_000));
});

test("a borrowed object that is lost with its host is made again by its owner", async (t) => {
  const { hosts, own, wray, borrow } = await startLender(t, "a");
  const large = await borrow("large");
  await wray.wait([large]);
  const other = await cluster.startHost({ cluster: own, args: ["--name", "b"] });
  t.after(() => other.kill());
  await hosts[0]!.kill();
  assert.equal(await wray.get(large), bytesOf(500_000, 1));
});

test("an object that its owner has left to a host stays there when a borrower, who had it there first, lets go of it", async (t) => {
  const { hosts, name: own, wray: owner, probe } = await startHosts(t, cluster, wasm, ["a", "b"]);
  const borrower = await cluster.connect({ cluster: own });
  t.after(() => borrower.shutdown());
  await cluster.knows(borrower, ["a", "b"], own);
  const large = probe.kernel("bytes").options({ host: "a", maxRetries: 0 }).remote(500_000, 1);
  await owner.wait([large]);
  const borrowed = borrower.borrow(owner.share(large));
  const theirs = await borrower.load(wasm);
  const sum = theirs
    .kernel("checksum")
    .options({ host: "b" })
    .remote(borrowed as never);
  assert.is(await borrower.get(sum), checksumOf(bytesOf(500_000, 1)));
  const drain = startCommand(t, ["drain", "a", "--servers", cluster.server.url, "--cluster", own]);
  assert.equal(await drain.ended, { code: 0, signal: null }, drain.text());
  await hosts[0]!.ended;
  borrower.free(borrowed);
  // It has heard so when it has done what comes behind it.
  await borrower.get(theirs.kernel("join").options({ host: "b" }).remote("a", "b"));
  assert.equal(await owner.get(large), bytesOf(500_000, 1));
  owner.free(large);
  while ((await owner.memory()).objects.some(({ id }) => id === large.id));
});

test("a text that share() has not returned is refused, and an embedded client has nobody to share with", async (t) => {
  const { wray } = await startLender(t, "a");
  const long = `a/${"b".repeat(100_000)}`;
  for (const text of [
    "",
    "nonsense",
    "a/b/c",
    "a.>/b",
    "*/b-1",
    "a/b-1\n",
    "../b",
    `${"a".repeat(65)}/b-1`,
    long,
    7,
    null,
  ]) {
    assert.throws(
      () => wray.borrow(text as string),
      (error: { code: string }) => error.code === "INVALID_TASK",
    );
  }
  const embedded = await init({ cpus: 1 });
  t.after(() => embedded.shutdown());
  const isRefused = (error: { code: string }) => error.code === "INVALID_TASK";
  assert.throws(() => embedded.share(embedded.put(1)), isRefused);
  assert.throws(() => embedded.borrow("a/b-1"), isRefused);
  await rejects(wray.get(wray.borrow(`${wray.id}/${wray.id}-zz`)), "OBJECT_LOST");
  await rejects(wray.get(wray.borrow("nobody/nobody-1")), "OWNER_DIED");
});
