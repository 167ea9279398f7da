import { type Client, init, type Module } from "wray";
import { tensorCases, wrongCalls } from "../gpu/tensor-cases.ts";
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

/** What was returned, by names as of `Call`. */
function resultsOf(value: unknown): Record<string, ArrayLike<number>> {
  if (typeof value === "number") return { out: [value] };
  return ArrayBuffer.isView(value) ? { out: value as Float32Array } : (value as Record<string, Float32Array>);
}

for (const { kernel, what, make } of tensorCases()) {
  test(`tensor/${kernel} and its form in SIMD agree with plain loops for ${what}`, async () => {
    const { args, expected, tolerance } = make();
    for (const form of formsOf(kernel)) {
      const given = resultsOf(await call(form, args));
      assert.equal(Object.keys(given), Object.keys(expected));
      for (const name in expected) assertClose(given[name]!, expected[name]!, tolerance);
    }
  });
}

for (const [kernel, args, says] of wrongCalls) {
  test(`tensor/${kernel} refuses a call, and says "${says}"`, async () => {
    for (const form of formsOf(kernel)) {
      assert.match((await rejects(call(form, args), "TASK_ERROR")).message, says);
    }
  });
}
