import { type Client, init, type Module } from "wray";
import * as plain from "../../gpu/reference/index.ts";
import type { MapOperation } from "../../gpu/shaders/index.ts";
import { wrongCalls } from "../gpu/tensor-wrong-calls.ts";
import { assert, rejects, suite } from "../support/index.ts";
import { assertClose } from "../support/ulps.ts";

const test = suite("kernels of tensors");
let wray: Client;
let tensor: Module;

test.before(async (t) => {
  wray = await init({ cpus: 1 });
  t.after(() => wray.shutdown());
  tensor = await wray.load("dist/std/tensor.wasm");
});

/** The kernels, those by vectors of four among them. */
const formsOf = (kernel: string) =>
  [kernel, `${kernel}Simd`].filter((name) => tensor.manifest.kernels.some((each) => each.name === name));
const call = (kernel: string, args: unknown[]) => wray.get(tensor.kernel(kernel).remote(...args));

for (const [kernel, args, says] of wrongCalls) {
  test(`tensor/${kernel} refuses a call, and says "${says}"`, async () => {
    for (const form of formsOf(kernel)) {
      assert.match((await rejects(call(form, args), "TASK_ERROR")).message, says);
    }
  });
}

test("tensor kernels make nothing that no array could hold", async () => {
  const none = new Float32Array();
  for (const form of formsOf("matmul")) {
    const { message } = await rejects(call(form, [none, none, 65_536, 0, 65_536]), "TASK_ERROR");
    assert.match(message, "no array has 65536 × 65536 values");
  }
  const sizes = { images: 1, channels: 0, height: 1, width: 1, filters: 1 };
  const filter = { filterHeight: 1, filterWidth: 1, stride: 1, padding: 2 ** 31 - 1 };
  for (const form of formsOf("conv2d")) {
    const { message } = await rejects(call(form, [none, none, { ...sizes, ...filter }]), "TASK_ERROR");
    assert.match(message, "no array has");
  }
});

test("tensor kernels have a form in SIMD where it is faster", () => {
  const names = tensor.manifest.kernels.map(({ name }) => name).filter((name) => name.endsWith("Simd"));
  const hot = [
    "conv2d",
    "map",
    "matmul",
    "mlpBackward",
    "mlpForward",
    "mlpGradient",
    "saxpy",
    "softmax",
    "sum",
  ];
  assert.equal(
    names.sort(),
    hot.map((kernel) => `${kernel}Simd`),
  );
});

test("tensor/sum does not lose small values in a large sum", async () => {
  const x = new Float32Array(1_000_003).fill(0.1);
  for (const form of formsOf("sum")) {
    assertClose([(await call(form, [x])) as number], [x[0]! * x.length], { ulps: 4 });
  }
});

test("tensor/map and its form in SIMD agree at the ends of what f32 can hold", async () => {
  const x = Float32Array.of(-Infinity, -200, -87, 0, -0, 88, 88.7, 200, Infinity, NaN, 1e-38, -1e-38);
  for (const operation of ["exp", "sigmoid", "relu"]) {
    for (const form of formsOf("map")) {
      const given = (await call(form, [operation, x])) as Float32Array;
      const expected = Float32Array.from(plain.map(operation as MapOperation, x));
      assertClose(given, expected, { ulps: 16, scale: 2 ** -120 });
    }
  }
});
