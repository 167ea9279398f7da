import * as plain from "../../scripts/bench/plain-kernels.ts";
import { assert, suite } from "../support/index.ts";
import { compile } from "./asc.ts";
import { type Instance, instantiate } from "./instance.ts";

const test = suite("standard kernels");
/** asc takes its time on a busy machine. */
const slow = { timeoutMs: 120_000 };
let linalg: Instance;
let math: Instance;
let physics: Instance;
let vector: Instance;

test.before(async () => {
  const open = async (name: string) => instantiate(await compile(`kernels/std/${name}.ts`));
  [linalg, math, physics, vector] = await Promise.all([
    open("linalg"),
    open("math"),
    open("physics"),
    open("vector"),
  ]);
}, slow);

const list = (...values: number[]) => new Float64Array(values);

test("math/add, math/sub and math/mul calculate with doubles", () => {
  assert.is(math.call("add", 1, 2), 3);
  assert.is(math.call("add", 0.1, 0.2), 0.1 + 0.2);
  assert.is(math.call("sub", 1, 2.5), -1.5);
  assert.is(math.call("mul", -3, 0.5), -1.5);
});

test("math/fib gives exact numbers up to the 92nd, and says what it takes beyond", () => {
  assert.equal(
    [0, 1, 2, 10, 20].map((n) => math.call("fib", n)),
    [0n, 1n, 1n, 55n, 6765n],
  );
  assert.is(math.call("fib", 92), 7540113804746346429n);
  for (const n of [-1, 93]) {
    assert.throws(() => math.call("fib", n), `fib(n) takes n from 0 to 92, and was given ${n}`);
  }
});

test("math/pi comes nearer with more terms, a million unless told", () => {
  assert.is(math.call("pi", 1), 4);
  assert.ok(Math.abs((math.call("pi", 1000) as number) - Math.PI) < 1e-3);
  assert.ok(Math.abs((math.call("pi") as number) - Math.PI) < 1.1e-6);
});

test("vector/add, vector/scale and vector/axpy work element by element", () => {
  const [a, b] = [list(1, 2, 3), list(10, 20, 0.5)];
  assert.equal(vector.call("add", a, b), list(11, 22, 3.5));
  assert.equal(vector.call("scale", a, -2), list(-2, -4, -6));
  assert.equal(vector.call("axpy", 2, a, b), list(12, 24, 6.5));
});

test("vector/dot and vector/sum give one number", () => {
  assert.is(vector.call("dot", list(1, 2, 3), list(4, 5, 6)), 32);
  assert.is(vector.call("sum", list(0.5, 1, -3)), -1.5);
});

/** The sum of the numbers in the order that `vector/sum` documents. */
function laneSum(values: Float64Array): number {
  const whole = values.length - (values.length % 8);
  const lanes = new Float64Array(8);
  for (let i = 0; i < whole; i++) lanes[i % 8]! += values[i]!;
  const half = (lane: number) => lanes[lane]! + lanes[lane + 2]! + (lanes[lane + 4]! + lanes[lane + 6]!);
  return values.slice(whole).reduce((sum, value) => sum + value, half(0) + half(1));
}

const sines = (length: number) => Float64Array.from({ length }, (_, i) => Math.sin(i));
const thirds = (length: number) => Float64Array.from({ length }, (_, i) => (i - 10) / 3);

for (const length of [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 100, 50_001]) {
  test(`vector kernels agree with JavaScript to the last bit when there are ${length} elements`, () => {
    const [a, b] = [sines(length), thirds(length)];
    assert.equal(vector.call("add", a, b), plain.add(a, b));
    assert.equal(vector.call("scale", a, 1 / 7), plain.scale(a, 1 / 7));
    assert.equal(vector.call("axpy", 1 / 7, a, b), plain.axpy(1 / 7, a, b));
    assert.is(vector.call("dot", a, b), laneSum(a.map((value, i) => value * b[i]!)));
    assert.is(vector.call("sum", a), laneSum(a));
  });
}

test("vector/sum adds in another order than one loop, so that laneSum() is what shows its order", () => {
  const a = sines(50_001);
  assert.is.not(laneSum(a), plain.sum(a));
});

for (const [n, k, m] of [
  [1, 1, 1],
  [4, 4, 4],
  [8, 3, 12],
  [5, 7, 9],
  [3, 600, 2],
  [17, 1_025, 6],
  [0, 3, 4],
  [2, 0, 3],
] as const) {
  test(`linalg/matmul agrees with JavaScript to the last bit when it is ${n} × ${k} by ${k} × ${m}`, () => {
    const [a, b] = [sines(n * k), thirds(k * m)];
    assert.equal(linalg.call("matmul", a, b, n, k, m), plain.matmul(a, b, n, k, m));
  });
}

test("linalg/matmul throws and names the matrix when its size is another", () => {
  const says = (text: string) => `linalg/matmul ${text} at kernels/std/linalg.ts:`;
  const call = (...args: unknown[]) => linalg.call("matmul", ...args);
  assert.throws(
    () => call(list(1, 2, 3), list(1, 2), 2, 2, 1),
    says("takes a with 2 × 2 elements, and was given 3"),
  );
  assert.throws(
    () => call(list(1, 2), list(1, 2, 3), 1, 2, 2),
    says("takes b with 2 × 2 elements, and was given 3"),
  );
  assert.throws(
    () => call(list(1), list(1), -1, -1, -1),
    says("takes a with -1 × -1 elements, and was given 1"),
  );
  assert.throws(() => call(list(), list(), 65_536, 0, 65_536), says("cannot make 65536 × 65536 elements"));
});

/** The sun and four planets of n-body in the Computer Language Benchmarks Game: its data and its results. */
function solarSystem(): Float64Array {
  const solarMass = 4 * Math.PI ** 2;
  const planets = [
    [4.841431442464721, -1.1603200440274284, -0.10362204447112311],
    [0.001660076642744037, 0.007699011184197404, -0.0000690460016972063, 0.0009547919384243266],
    [8.34336671824458, 4.124798564124305, -0.4035234171143214],
    [-0.002767425107264119, 0.004998528012349172, 0.000023041729757376393, 0.0002858859806661308],
    [12.894369562139131, -15.111151401698631, -0.22330757889265573],
    [0.002964601375647616, 0.0023784717395948095, -0.000029658956854023756, 0.00004366244043351563],
    [15.379697114850917, -25.919314609987964, 0.17925877295037118],
    [0.0026806777249038932, 0.001628241700382423, -0.00009515922545197159, 0.000051513890204661145],
  ].flat();
  const bodies = list(0, 0, 0, 0, 0, 0, solarMass, ...planets);
  for (let row = 7; row < bodies.length; row += 7) {
    for (let axis = 3; axis < 6; axis++) bodies[row + axis]! *= 365.24;
    bodies[row + 6]! *= solarMass;
    for (let axis = 3; axis < 6; axis++) {
      bodies[axis]! -= (bodies[row + axis]! * bodies[row + 6]!) / solarMass;
    }
  }
  return bodies;
}

test("physics/nbody and physics/energy give the results of the Benchmarks Game", () => {
  const bodies = solarSystem();
  assert.is((physics.call("energy", bodies) as number).toFixed(9), "-0.169075164");
  const moved = physics.call("nbody", bodies, 0.01, 1_000) as Float64Array;
  assert.is((physics.call("energy", moved) as number).toFixed(9), "-0.169087605");
});

test("physics/nbody agrees with JavaScript to the last bit, and leaves its argument alone", () => {
  const bodies = solarSystem();
  assert.equal(physics.call("nbody", bodies, 0.01, 100), plain.nbody(bodies, 0.01, 100));
  assert.equal(physics.call("nbody", bodies, 0.01, 0), solarSystem());
});

test("physics kernels throw and say how many numbers they were given when these are no rows of 7", () => {
  const says = (name: string) => `physics/${name} takes rows of 7 numbers, and was given 8 numbers at`;
  const bodies = new Float64Array(8);
  assert.throws(() => physics.call("nbody", bodies, 0.01, 1), says("nbody"));
  assert.throws(() => physics.call("energy", bodies), says("energy"));
});

test("vector kernels take empty vectors", () => {
  const none = list();
  for (const name of ["add", "scale", "axpy"]) {
    const args = { add: [none, none], scale: [none, 2], axpy: [2, none, none] }[name]!;
    assert.equal(vector.call(name, ...args), none);
  }
  assert.is(vector.call("dot", none, none), 0);
  assert.is(vector.call("sum", none), 0);
});

test("vector kernels throw and name the lengths when they differ", () => {
  const [a, b] = [list(1, 2, 3), list(1, 2)];
  const says = (name: string) =>
    `vector/${name} takes vectors of one length, and was given 3 and 2 elements at kernels/std/vector.ts:`;
  assert.throws(() => vector.call("add", a, b), says("add"));
  assert.throws(() => vector.call("dot", a, b), says("dot"));
  assert.throws(() => vector.call("axpy", 1, a, b), says("axpy"));
});
