import { assert, suite } from "../support/index.ts";
import { compile } from "./asc.ts";
import { type Instance, instantiate } from "./instance.ts";

const test = suite("standard kernels");
let math: Instance;
let vector: Instance;

test.before(async () => {
  const modules = await Promise.all(["math", "vector"].map((name) => compile(`kernels/std/${name}.ts`)));
  [math, vector] = modules.map((module) => instantiate(module)) as [Instance, Instance];
});

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

test("vector kernels agree with JavaScript on a vector that outgrows the first page", () => {
  const a = Float64Array.from({ length: 50_001 }, (_, i) => Math.sin(i));
  const b = Float64Array.from({ length: 50_001 }, (_, i) => i / 3);
  assert.equal(
    vector.call("add", a, b),
    a.map((value, i) => value + b[i]!),
  );
  assert.is(
    vector.call("dot", a, b),
    a.reduce((sum, value, i) => sum + value * b[i]!, 0),
  );
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
