import type { JobStatus } from "wray";
import { compileProbe } from "../api/modules.ts";
import { startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("wray jobs");

/** A cluster, a client of it, and the command with what it prints. */
async function start(t: TestContext) {
  const cluster = await startCluster(t);
  const wray = await cluster.connect();
  const run = async (...args: string[]) => {
    const command = startCommand(t, ["jobs", ...args, "--servers", cluster.server.url]);
    return { ...(await command.ended), text: command.text() };
  };
  return { cluster, wray, run };
}

const briefly = ({ state, attempts, isDead }: JobStatus) => [state, attempts, isDead];

test("it lists jobs, shows one, prints its result, and ends one", async (t) => {
  const { cluster, wray, run } = await start(t);
  const probe = await wray.load(await compileProbe());
  const durable = { durable: true } as const;
  await (
    await probe
      .kernel("join")
      .options({ ...durable, id: "joined" })
      .submit("a", "b")
  ).result();
  await probe
    .kernel("spin")
    .options({ ...durable, id: "spinning" })
    .submit();
  await cluster.hosts[0]!.printed(/spinning/);
  const { text, code } = await run("list");
  assert.is(code, 0);
  assert.match(text, /│ spinning │ probe\/spin │ running/);
  assert.match(text, /│ joined {3}│ probe\/join │ done/);
  assert.match((await run("show", "joined")).text, /kernel +probe\/join\n/);
  assert.is((await run("result", "joined")).text, "'ab'");
  assert.match((await run("result", "spinning", "--timeout-ms", "1")).text, "GET_TIMEOUT");
  assert.is((await run("cancel", "spinning")).text, "cancelled spinning");
  assert.is((await run("cancel", "joined")).text, "joined was done before");
  const missing = await run("result", "nobody");
  assert.is(missing.code, 1);
  assert.match(missing.text, "JOB_NOT_FOUND");
});

test("a job whose module is missing dies, and runs when it is replayed once the module is there", async (t) => {
  const { cluster, wray, run } = await start(t);
  const nats = await cluster.nats();
  for (const id of ["early", "other"]) {
    const job = JSON.stringify({ kernel: "probe/join", args: ["a", id] });
    await nats.request(`wray.v1.default.jobs.${id}`, job);
    await rejects(wray.job(id).result(), "MODULE_NOT_FOUND");
  }
  assert.equal(briefly(await wray.job("early").status()), ["failed", 1, true]);
  assert.match(
    (await run("dead")).text,
    /│ early │ probe\/join │ .*MODULE_NOT_FOUND: the cluster has no module/,
  );
  await wray.load(await compileProbe());
  assert.is((await run("replay", "early")).text, "replayed early");
  assert.is(await wray.job("early").result(), "aearly");
  assert.match((await run("replay", "early")).text, "JOB_NOT_FOUND");
  assert.is((await run("replay")).code, 1);
  assert.is((await run("replay", "--all-dead")).text, "replayed other");
  assert.is(await wray.job("other").result(), "aother");
  assert.equal(await wray.deadJobs(), []);
});
