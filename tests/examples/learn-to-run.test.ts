import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, init } from "wray";
import { evaluate, type LearnOptions, learn } from "../../examples/learn-to-run/learn.ts";
import { loadPolicy, savePolicy } from "../../examples/learn-to-run/policy.ts";
import { presets } from "../../examples/learn-to-run/presets.ts";
import { type Pair, searchWeights, strategyWeights } from "../../examples/learn-to-run/weights.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("learn-to-run");
/** What learning may take beside other tests. */
const slow = { timeoutMs: 60_000 };

async function startEmbedded(t: TestContext, cpus = 2): Promise<Client> {
  const wray = await init({ cpus });
  t.after(() => wray.shutdown());
  return wray;
}

const pairsOf = (...scores: [number, number][]): Pair[] => scores.map(([plus, minus]) => ({ plus, minus }));
const close = (actual: Float64Array, expected: number[]) =>
  assert.ok(
    actual.length === expected.length && actual.every((value, i) => Math.abs(value - expected[i]!) < 1e-12),
    `${actual} instead of ${expected}`,
  );

test("searchWeights() counts the best pairs by their differences, over the deviation of their scores", () => {
  const pairs = pairsOf([1, 5], [2, 2], [9, 3], [0, 1]);
  // Those with 5 and 9; the mean of 1, 5, 9 and 3 is 4.5.
  const deviation = Math.sqrt((3.5 ** 2 + 0.5 ** 2 + 4.5 ** 2 + 1.5 ** 2) / 4);
  close(searchWeights(pairs, 0.1, 2), [(0.05 * -4) / deviation, 0, (0.05 * 6) / deviation, 0]);
  close(searchWeights(pairsOf([3, 3], [3, 3]), 0.1, 2), [0, 0]);
});

test("strategyWeights() counts scores by their ranks, however far they are from each other", () => {
  // Ranks from 0: 1 of -3, 0 of -9; 3 of 8, 2 of 5.
  const expected = [(0.1 / 2) * (1 / 3), (0.1 / 2) * (1 / 3)];
  close(strategyWeights(pairsOf([-3, -9], [8, 5]), 0.1), expected);
  close(strategyWeights(pairsOf([-3, -1e9], [1e9, 5]), 0.1), expected);
});

test("savePolicy() and loadPolicy() keep every bit, and loadPolicy() refuses another file", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "wray-policy-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "policy.json");
  const policy = { env: "walker", hidden: [3, 4], theta: [0.1 + 0.2, -1 / 3, 5e-324, Number.MAX_VALUE] };
  await savePolicy(path, policy);
  assert.equal(await loadPolicy(path), policy);
  await writeFile(path, '{"env":"walker","theta":["a"]}');
  await loadPolicy(path).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, "is no policy: it must have env, hidden and theta"),
  );
});

for (const [way, options] of [
  ["search", {}],
  ["strategy", { algorithm: "strategy", rate: 0.2, generations: 60 }],
  ["search with a hidden layer", { hidden: [8], generations: 80 }],
  ["search that lets generations overlap", { overlap: 2, generations: 120 }],
  ["search in small generations that overlap", { pairs: 2, memory: 8, overlap: 2, generations: 240 }],
  ["search that waits for no stragglers", { quorum: 0.75, generations: 80 }],
] as const) {
  test(
    `learn() solves the cart-pole by ${way}: 475 steps or more in the mean of 100 episodes`,
    async (t) => {
      const wray = await startEmbedded(t);
      const { policy } = await learn(wray, { ...presets["cart-pole"]!, ...options });
      const theta = Float64Array.from(policy.theta);
      const { score } = await evaluate(wray, { ...policy, theta }, 100);
      assert.ok(score >= 475, `${score}`);
    },
    slow,
  );
}

test(
  "learn() teaches the walker to go forward in 75 generations",
  async (t) => {
    const wray = await startEmbedded(t);
    const { best, trials } = await learn(wray, { ...presets.walker!, generations: 75, staysUp: false });
    assert.ok(Math.abs(trials[0]!.distance) < 1, `${trials[0]!.distance} m before`);
    assert.ok(best.distance > 5, `${best.distance} m after`);
    assert.ok(trials.at(-1)!.episodes === 75 * 32 && trials.at(-1)!.steps > 75 * 32);
  },
  slow,
);

test("the walker that comes with the example runs for 10 s without falling, wherever it is", async (t) => {
  const { theta, ...policy } = await loadPolicy("examples/learn-to-run/walker.policy.json");
  const wray = await startEmbedded(t);
  const trial = await evaluate(wray, { ...policy, theta: Float64Array.from(theta) }, 100);
  assert.ok(trial.distance > 50, `${trial.distance} m`);
  assert.ok(trial.ended <= 0.02, `${100 * trial.ended} % fell`);
});

const short: LearnOptions = { ...presets.walker!, generations: 12, tryEvery: 4, tryEpisodes: 3 };

test(
  "learn() learns the same to the last bit on one worker, on two, on two hosts, and when one of them is killed",
  async (t) => {
    const expected = await learn(await startEmbedded(t, 1), short);
    const same = async (wray: Client, where: string, options: Partial<LearnOptions> = {}) => {
      const actual = await learn(wray, { ...short, ...options });
      assert.equal([actual.policy, actual.last], [expected.policy, expected.last], where);
      const scores = (trials: typeof actual.trials) => trials.map(({ seconds, ...trial }) => trial);
      assert.equal(scores(actual.trials), scores(expected.trials), where);
    };
    await same(await startEmbedded(t, 2), "two workers");
    const cluster = await startCluster(t, { hosts: 2 });
    const wray = await cluster.connect();
    await cluster.knows(
      wray,
      cluster.hosts.map(({ id }) => id),
    );
    await same(wray, "two hosts");
    await same(wray, "a host that is killed", {
      onTrial({ generation }) {
        if (generation === 4) void cluster.hosts[0]!.kill("SIGKILL");
      },
    });
    assert.is(wray.nodes().length, 1);
  },
  slow,
);

test(
  "learn() learns the same to the last bit when generations overlap, and other than when they do not",
  async (t) => {
    const [one, two] = [await startEmbedded(t, 1), await startEmbedded(t, 2)];
    const expected = await learn(one, { ...short, overlap: 2 });
    assert.equal((await learn(two, { ...short, overlap: 2 })).last, expected.last);
    assert.not.equal((await learn(two, short)).last, expected.last);
    assert.not.equal((await learn(two, { ...short, seed: 2 })).last, expected.last);
  },
  slow,
);

test(
  "learn() learns the same to the last bit when generations are small, and other than with scores of their own",
  async (t) => {
    const [one, two] = [await startEmbedded(t, 1), await startEmbedded(t, 2)];
    const small: LearnOptions = { ...short, pairs: 2, memory: 16, overlap: 2 };
    const expected = await learn(one, small);
    assert.equal((await learn(two, small)).last, expected.last);
    assert.not.equal((await learn(two, { ...small, memory: 2, top: 1 })).last, expected.last);
  },
  slow,
);

test("learn() ends soon after a trial with a score that is enough", async (t) => {
  const wray = await startEmbedded(t);
  const { best, trials } = await learn(wray, { ...presets["cart-pole"]!, generations: 100_000, enough: 100 });
  assert.ok(trials.slice(0, -2).every(({ score }) => score < 100));
  assert.ok(best.score >= 100, `${best.score}`);
});

test("learn() fails as the kernel does when there is no such environment", async (t) => {
  const wray = await startEmbedded(t, 1);
  const error = await rejects(learn(wray, { env: "moon", generations: 1 }), "TASK_ERROR");
  assert.match(error.message, "none is moon");
});
