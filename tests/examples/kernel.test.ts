import { init } from "wray";
import { pixelCount, rowBytes } from "../../examples/digits/data.ts";
import { assert, rejects, suite } from "../support/index.ts";
import { compileLogistic } from "./logistic-module.ts";

const test = suite("digits/kernels/logistic");

const parameterCount = 10 * (pixelCount + 1);

let call: (kernel: string, ...args: unknown[]) => Promise<unknown>;

test.before(async (t) => {
  const module = await compileLogistic(t);
  const wray = await init({ cpus: 1 });
  t.after(() => wray.shutdown());
  const logistic = await wray.load(module);
  call = (kernel, ...args) => wray.get(logistic.kernel(kernel).remote(...args));
});

const gradient = (state: Float64Array, shard: Uint8Array) =>
  call("gradient", state, shard) as Promise<Float64Array>;
const step = (state: Float64Array, sum: Float64Array, learningRate: number, momentum: number) =>
  call("step", state, sum, learningRate, momentum) as Promise<Float64Array>;
const loss = (sum: Float64Array) => call("loss", sum) as Promise<number>;
const accuracy = (state: Float64Array, shard: Uint8Array) =>
  call("accuracy", state, shard) as Promise<number>;

/** A number from 0 to 1 that looks random and is the same each time. */
const noise = (index: number) => Math.abs(Math.sin(index * 12.9898) * 43_758.5453) % 1;

/** Small weights, no velocity. */
const someState = () =>
  Float64Array.from({ length: 2 * parameterCount }, (_, i) => (i < parameterCount ? noise(i) - 0.5 : 0));

/** Rows of which a fifth of the pixels is inked. */
const someShard = (...labels: number[]) =>
  Uint8Array.from({ length: labels.length * rowBytes }, (_, i) => {
    if (i % rowBytes === 0) return labels[i / rowBytes]!;
    return noise(i) < 0.2 ? 1 + 254 * noise(i + 0.5) : 0;
  });

test("gradient() is the slope of the loss when one weight moves a little", async () => {
  const shard = someShard(3, 0, 9, 3);
  const state = someState();
  const slopes = await gradient(state, shard);
  const lossAt = async (parameter: number, shift: number) =>
    (await gradient(state.with(parameter, state[parameter]! + shift), shard))[parameterCount]!;
  const inked = shard.subarray(1, rowBytes).findIndex((ink) => ink > 0);
  const biases = 10 * pixelCount;
  for (const parameter of [10 * inked, 10 * inked + 3, 10 * inked + 9, biases, biases + 3, biases + 9]) {
    const h = 1e-5;
    const slope = ((await lossAt(parameter, h)) - (await lossAt(parameter, -h))) / (2 * h);
    const error = Math.abs(slope - slopes[parameter]!);
    assert.ok(error < 1e-7, `parameter ${parameter}: ${slopes[parameter]} instead of ${slope}`);
  }
});

test("gradient() adds up when shards are taken together", async () => {
  const left = someShard(1, 2, 3);
  const right = someShard(4, 5);
  const [a, b, both] = await Promise.all(
    [left, right, Uint8Array.of(...left, ...right)].map((shard) => gradient(someState(), shard)),
  );
  const sum = a!.map((value, index) => value + b![index]!);
  assert.is(both!.at(-1), 5);
  assert.ok(sum.every((value, index) => Math.abs(value - both![index]!) < 1e-12));
  assert.ok(Math.abs((await loss(both!)) - both!.at(-2)! / 5) < 1e-15);
});

test("slope() is the mean of gradient() when the weights come without velocities", async () => {
  const [state, shard] = [someState(), someShard(1, 2, 3)];
  const mean = await call("slope", state.slice(0, parameterCount), shard);
  assert.equal(
    mean,
    (await gradient(state, shard)).slice(0, parameterCount).map((sum) => sum / 3),
  );
});

test("loss() is the logarithm of 10 when all weights are zero", async () => {
  const sum = await gradient(new Float64Array(2 * parameterCount), someShard(7, 8));
  assert.ok(Math.abs((await loss(sum)) - Math.log(10)) < 1e-15);
});

test("gradient() stays finite when the scores are huge", async () => {
  const sum = await gradient(
    someState().map((weight) => 1e6 * weight),
    someShard(0, 1, 2),
  );
  assert.ok(sum.every(Number.isFinite));
});

test("step() moves weights and velocities when there is momentum", async () => {
  const state = new Float64Array(2 * parameterCount).fill(1, 0, parameterCount).fill(2, parameterCount);
  const sum = new Float64Array(parameterCount + 2).fill(8);
  const next = await step(state, sum, 0.5, 0.75);
  const velocity = 0.75 * 2 - 0.5 * (8 / 8);
  assert.ok(next.subarray(0, parameterCount).every((weight) => weight === 1 + velocity));
  assert.ok(next.subarray(parameterCount).every((value) => value === velocity));
});

test("accuracy() counts the rows when their digit has the highest score", async () => {
  const state = new Float64Array(2 * parameterCount);
  state[10 * pixelCount + 4] = 1;
  assert.is(await accuracy(state, someShard(4, 5, 4, 4, 0)), 3);
});

test("gradient() refuses its arguments when their lengths or labels are wrong", async () => {
  const refusals: [() => Promise<unknown>, string][] = [
    [() => gradient(new Float64Array(10), someShard(1)), "state must hold 15700 numbers, not 10"],
    [() => gradient(someState(), new Uint8Array(786)), "shard must hold rows of 785 bytes, not 786 bytes"],
    [() => gradient(someState(), new Uint8Array(0)), "shard must hold rows of 785 bytes, not 0 bytes"],
    [() => gradient(someState(), someShard(1, 10)), "row 1 has the label 10, which is no digit"],
    [() => call("slope", someState(), someShard(1)), "weights must hold 7850 numbers, not 15700"],
    [() => step(someState(), new Float64Array(1), 0.5, 0.9), "sum must hold 7852 numbers, not 1"],
  ];
  for (const [refusal, message] of refusals) {
    const error = await rejects(refusal(), "TASK_ERROR");
    assert.match(error.message, message);
  }
});
