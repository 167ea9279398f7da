import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadPolicy } from "../../../examples/learn-to-run/policy.ts";
import { assert, suite } from "../../support/index.ts";
import { compile, root } from "../asc.ts";
import { type Instance, instantiate } from "../instance.ts";

const test = suite("environments of gym");
let gym: Instance;

test.before(
  async () => {
    gym = instantiate(await compile("kernels/std/gym.ts", ["--runtime", "minimal"]));
  },
  { timeoutMs: 120_000 },
);

type Episode = { score: number; steps: number; ended: boolean; distance: number };
type Spec = { rows: number; observations: number; actions: number; maxSteps: number; stepSeconds: number };

const linear = new Int32Array(0);
const describe = (env: string) => gym.call("describe", env) as Spec & { sizes: Float64Array };
const rollout = (env: string, theta: Float64Array, seed: number, steps?: number) =>
  gym.call("rollout", env, linear, theta, seed, ...(steps === undefined ? [] : [steps])) as Episode;
const film = (env: string, theta: Float64Array, seed: number) => {
  const { episode, poses } = gym.call("film", env, linear, theta, seed) as {
    episode: Episode;
    poses: Float64Array;
  };
  return { episode, poses: poses.slice() };
};
const thetaOf = (env: string) => new Float64Array(gym.call("parameters", env, linear) as number);
const everyEnv = ["acrobot", "cart-pole", "hopper", "pendulum", "walker"];

type Trajectory = { env: string; state: number[]; actions: number[]; rows: number[][] };
const trajectories: Trajectory[] = JSON.parse(
  await readFile(join(root, "tests/kernels/references/classic-control.json"), "utf8"),
);

for (const { env, state, actions, rows } of trajectories) {
  test(`simulate() gives what the published equations of ${env} give from ${state} in ${actions.length} steps`, () => {
    const actual = gym.call(
      "simulate",
      env,
      Float64Array.from(state),
      Float64Array.from(actions),
    ) as Float64Array;
    const expected = rows.flat();
    assert.is(actual.length, expected.length);
    for (const [index, value] of actual.entries()) {
      const step = Math.floor(index / rows[0]!.length);
      const error = Math.abs(value - expected[index]!);
      assert.ok(error < 1e-9, `step ${step}: ${value} instead of ${expected[index]}`);
    }
  });
}

test("describe() says what the classics have as published, and what the robots have", () => {
  const shapes = everyEnv.map((env) => {
    const { rows, observations, actions, maxSteps, stepSeconds } = describe(env);
    return [env, rows, observations, actions, maxSteps, stepSeconds];
  });
  assert.equal(shapes, [
    ["acrobot", 1, 6, 1, 500, 0.2],
    ["cart-pole", 1, 4, 1, 500, 0.02],
    ["hopper", 1, 14, 3, 500, 0.02],
    ["pendulum", 1, 3, 1, 200, 0.05],
    ["walker", 2, 21, 3, 500, 0.02],
  ]);
});

/** What is observed first in so many episodes. */
const starts = (env: string, count: number) =>
  Array.from({ length: count }, (_, seed) => {
    gym.call("Environment$new", env, seed);
    return [...(gym.call("Environment$observe") as Float64Array)];
  });

test("episodes of the classics begin evenly over what is published", () => {
  for (const [env, low, high] of [
    ["cart-pole", [-0.05, -0.05, -0.05, -0.05], [0.05, 0.05, 0.05, 0.05]],
    ["pendulum", [-1, -1, -1], [1, 1, 1]],
    ["acrobot", [Math.cos(0.1), -0.1, Math.cos(0.1), -0.1, -0.1, -0.1], [1, 0.1, 1, 0.1, 0.1, 0.1]],
  ] as const) {
    const observed = starts(env, 400);
    for (const [index, least] of low.entries()) {
      const values = observed.map((observation) => observation[index]!);
      const [width, most] = [high[index]! - least, high[index]!];
      assert.ok(Math.min(...values) >= least && Math.min(...values) < least + 0.05 * width, env);
      assert.ok(Math.max(...values) <= most && Math.max(...values) > most - 0.05 * width, env);
    }
  }
});

test("rollout() gives an episode of as many steps as the environment has, or as are asked for", () => {
  assert.equal(rollout("pendulum", thetaOf("pendulum"), 1).steps, 200);
  assert.equal(rollout("pendulum", thetaOf("pendulum"), 1, 7).steps, 7);
  // The pole falls at once under a cart that is pushed to one side.
  const { score, steps, ended } = rollout("cart-pole", thetaOf("cart-pole"), 1);
  assert.ok(ended && score === steps && steps < 12);
});

test("rollout() balances the pole for 500 steps with the weights of a known controller", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { score, ended } = rollout("cart-pole", Float64Array.of(0.1, 0.3, 3, 1, 0), seed);
    assert.equal([score, ended], [500, false]);
  }
});

test("rollout() feeds hidden layers of tanh when there are any", () => {
  // One neuron that is 0 for any observation, and a torque of its bias: the pendulum as simulate() has it.
  const torque = 1.5;
  const theta = Float64Array.of(0, 0, 0, 0, 0.7, torque);
  const episode = gym.call("rollout", "pendulum", Int32Array.of(1), theta, 3, 50) as Episode;
  gym.call("Environment$new", "pendulum", 3);
  const [cos, sin, spin] = gym.call("Environment$observe") as Float64Array;
  const state = Float64Array.of(Math.atan2(sin!, cos!), spin!);
  const rows = gym.call("simulate", "pendulum", state, new Float64Array(50).fill(torque)) as Float64Array;
  let score = 0;
  for (let step = 0; step < 50; step++) score += rows[4 * step + 2]!;
  assert.ok(Math.abs(episode.score - score) < 1e-6, `${episode.score} instead of ${score}`);
  // And with the bias through a tanh.
  const through = Float64Array.of(0, 0, 0, 0.4, torque / Math.tanh(0.4), 0);
  const same = gym.call("rollout", "pendulum", Int32Array.of(1), through, 3, 50) as Episode;
  assert.ok(Math.abs(same.score - score) < 1e-6);
});

test("esRollout() is rollout() of what ascend() gives for the same noise", () => {
  const theta = thetaOf("walker").map((_, index) => 0.1 * Math.sin(index));
  for (const sign of [1, -1]) {
    const perturbed = gym.call(
      "ascend",
      theta,
      Uint32Array.of(17),
      Float64Array.of(0.05 * sign),
    ) as Float64Array;
    const expected = rollout("walker", perturbed, 4);
    const actual = gym.call("esRollout", "walker", linear, theta, 17, 0.05, sign, 4) as Episode;
    assert.equal([actual.steps, actual.ended], [expected.steps, expected.ended]);
    assert.ok(Math.abs(actual.score - expected.score) < 1e-6);
  }
});

test("ascend() adds noise of the normal distribution, other noise for each seed", () => {
  const count = 20_000;
  const noise = (seed: number) =>
    (
      gym.call("ascend", new Float64Array(count), Uint32Array.of(seed), Float64Array.of(1)) as Float64Array
    ).slice();
  const [a, b] = [noise(1), noise(2)];
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / count;
  for (const values of [a, b]) {
    assert.ok(Math.abs(mean(values)) < 0.03);
    assert.ok(Math.abs(mean(values.map((value) => value ** 2)) - 1) < 0.04);
    assert.ok(Math.abs(mean(values.map((value) => value ** 4)) - 3) < 0.3);
    const within = values.filter((value) => Math.abs(value) < 1).length / count;
    assert.ok(Math.abs(within - 0.6827) < 0.015, `${within}`);
  }
  assert.ok(Math.abs(mean(a.map((value, index) => value * b[index]!))) < 0.03);
  assert.ok(Math.abs(mean(a.slice(1).map((value, index) => value * a[index]!))) < 0.03);
  const both = gym.call("ascend", a, Uint32Array.of(1, 2), Float64Array.of(-1, 2)) as Float64Array;
  assert.ok(both.every((value, index) => Math.abs(value - 2 * b[index]!) < 1e-12));
});

for (const env of everyEnv) {
  test(`rollout() and film() of ${env} are the same to the last bit when they run again`, () => {
    const theta = thetaOf(env).map((_, index) => 0.3 * Math.cos(3 * index));
    const [first, again] = [film(env, theta, 5), film(env, theta, 5)];
    assert.equal(again, first);
    assert.equal(rollout(env, theta, 5), first.episode);
    assert.is(first.poses.length, (1 + first.episode.steps) * (describe(env).sizes.length / 2) * 3);
    assert.not.equal(film(env, theta, 6).poses, first.poses);
  });
}

const walker = await loadPolicy(join(root, "examples/learn-to-run/walker.policy.json"));
const runner = Float64Array.from(walker.theta);

/** Of a body of a frame: where a point of it is, told in halves of its width and height from its middle. */
function pointOf(
  poses: Float64Array,
  sizes: Float64Array,
  frame: number,
  body: number,
  right: number,
  up: number,
) {
  const [x, y, angle] = poses.subarray((frame * (sizes.length / 2) + body) * 3) as unknown as number[];
  const [dx, dy] = [right * sizes[2 * body]!, up * sizes[2 * body + 1]!];
  return [
    x! + Math.cos(angle!) * dx - Math.sin(angle!) * dy,
    y! + Math.sin(angle!) * dx + Math.cos(angle!) * dy,
  ];
}

test("the learned walker runs: far, on its two legs in turn, and in the air between its steps", () => {
  const { sizes } = describe("walker");
  const { episode, poses } = film("walker", runner, 1);
  assert.equal([episode.ended, episode.steps], [false, 500]);
  assert.ok(episode.distance > 30, `${episode.distance} m in 10 s`);
  let strides = 0;
  let ahead = 0;
  let flying = 0;
  for (let frame = 0; frame <= 500; frame++) {
    const [left, right] = [3, 6].map((foot) => pointOf(poses, sizes, frame, foot, 0, 0)[0]!);
    const next = Math.sign(left! - right!);
    if (next !== ahead && Math.abs(left! - right!) > 0.2) {
      strides++;
      ahead = next;
    }
    const lowest = [3, 6].flatMap((foot) =>
      [-1, 1].map((side) => pointOf(poses, sizes, frame, foot, side, -1)[1]!),
    );
    if (Math.min(...lowest) > 0.005) flying++;
  }
  assert.ok(strides > 25, `${strides} steps`);
  assert.ok(flying > 100, `in the air for ${flying} of 500 frames`);
});

test("joints of the walker hold within 3 cm, and the ground within 1 cm, while it runs", () => {
  const { sizes } = describe("walker");
  const { poses } = film("walker", runner, 2);
  let gap = 0;
  let depth = 0;
  for (let frame = 0; frame <= 500; frame++) {
    for (const thigh of [1, 4]) {
      for (const [a, b] of [
        [pointOf(poses, sizes, frame, 0, 0, -1), pointOf(poses, sizes, frame, thigh, 0, 1)],
        [pointOf(poses, sizes, frame, thigh, 0, -1), pointOf(poses, sizes, frame, thigh + 1, 0, 1)],
        [pointOf(poses, sizes, frame, thigh + 1, 0, -1), pointOf(poses, sizes, frame, thigh + 2, -6 / 13, 1)],
      ]) {
        gap = Math.max(gap, Math.hypot(a![0]! - b![0]!, a![1]! - b![1]!));
      }
      for (const side of [-1, 1]) {
        depth = Math.max(depth, -pointOf(poses, sizes, frame, thigh + 2, side, -1)[1]!);
      }
    }
  }
  assert.ok(gap < 0.03, `${gap} m`);
  assert.ok(depth < 0.01, `${depth} m`);
});

test("Environment steps as rollout() does, ends, and begins again", () => {
  const reset = gym.call("Environment$new", "cart-pole", 1);
  assert.is(reset, undefined);
  let score = 0;
  type Step = { observation: Float64Array; reward: number; ended: boolean; truncated: boolean };
  for (;;) {
    const step = gym.call("Environment$step", Float64Array.of(-1)) as Step;
    score += step.reward;
    assert.is(step.truncated, false);
    if (step.ended) break;
  }
  assert.is(score, rollout("cart-pole", thetaOf("cart-pole"), 1).score);
  assert.is((gym.call("Environment$pose") as Float64Array).length, 6);
  assert.throws(() => gym.call("Environment$step", Float64Array.of(1)), "the episode has ended");
  gym.call("Environment$reset", 1);
  assert.throws(
    () => gym.call("Environment$step", Float64Array.of(1, 2)),
    "an action has 1 numbers here, not 2",
  );
});

test("kernels refuse what does not fit, and say what would", () => {
  assert.throws(() => describe("moon"), "environments are acrobot, cart-pole, hopper, pendulum and walker");
  assert.throws(
    () => rollout("walker", new Float64Array(3), 1),
    "this policy has 66 parameters, and 3 were given",
  );
  assert.throws(
    () => gym.call("parameters", "walker", Int32Array.of(0)),
    "a hidden layer has 1 to 1024 numbers",
  );
  assert.throws(
    () => gym.call("ascend", new Float64Array(1), Uint32Array.of(1, 2), Float64Array.of(1)),
    "there are 2 noises and 1 weights",
  );
  assert.throws(
    () => gym.call("simulate", "acrobot", new Float64Array(3), new Float64Array(1)),
    "a state has 4 numbers here, not 3",
  );
  assert.throws(
    () => gym.call("simulate", "hopper", new Float64Array(25), new Float64Array(4)),
    "actions have 3 numbers each, and 4 were given",
  );
  assert.throws(
    () => gym.call("film", "walker", linear, runner, 1, 10, 0),
    "a frame is taken every 1 step or more, not every 0",
  );
});
