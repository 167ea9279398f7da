import { type Client, init } from "wray";
import { loadPolicy } from "../../examples/learn-to-run/policy.ts";
import { playServed, servePolicy, walkerPath } from "../../examples/serve-policy/serve.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("serve-policy");

async function startEmbedded(t: TestContext): Promise<Client> {
  const wray = await init({ cpus: 2 });
  t.after(() => wray.shutdown());
  return wray;
}

for (const [where, start] of [
  ["in this process", startEmbedded],
  ["on a host", async (t: TestContext) => (await startCluster(t)).connect()],
] as const) {
  test(`a served walker runs as the kernel lets it, to the last bit, ${where}`, async (t) => {
    const wray = await start(t);
    const { env, hidden, theta } = await loadPolicy(walkerPath);
    const seed = 3;
    const rollout = await wray.remote("gym/rollout");
    const ref = rollout.remote(env, Int32Array.from(hidden), Float64Array.from(theta), seed);
    const expected = await wray.get(ref);
    const { score, decisionMs } = await playServed(wray, await servePolicy(wray), seed);
    assert.is(score, expected.score);
    assert.is(decisionMs.length, expected.steps);
  });
}

test("decide() answers many at once as one after the other, and refuses what is no observation", async (t) => {
  const wray = await startEmbedded(t);
  const { server } = await servePolicy(wray);
  const observations = Array.from({ length: 50 }, (_, i) =>
    Float64Array.from({ length: 42 }, (_, j) => Math.sin(i + j)),
  );
  const together = await wray.get(observations.map((observation) => server.decide.remote(observation)));
  for (const [i, observation] of observations.entries())
    assert.equal(await wray.get(server.decide.remote(observation)), together[i]);
  assert.not.equal(together[0], together[1]);
  const error = await rejects(wray.get(server.decide.remote(new Float64Array(3))), "TASK_ERROR");
  assert.match(error.message, "has 42 numbers here, not 3");
});
