import { type Client, init, type Module } from "wray";
import { gpuSuite } from "../gpu/gpu-suite.ts";
import { tensorCases } from "../gpu/tensor-cases.ts";
import { assert, type Suite, suite } from "../support/index.ts";
import { assertClose } from "../support/ulps.ts";

// Whatever computes a kernel, it gives the same, as near as f32 allows: what plain loops give.

conform(suite("variants on cpus"), ["wasm", "simd"]);
conform(gpuSuite("variants on a GPU"), ["gpu"]);

function conform(test: Suite, names: readonly string[]): void {
  let wray: Client;
  let tensor: Module;
  test.before(async (t) => {
    wray = await init({ cpus: 1 });
    t.after(() => wray.shutdown());
    tensor = (await wray.load("dist/std/tensor.wasm")) as unknown as Module;
  });
  for (const { kernel, what, make } of tensorCases()) {
    test(
      `tensor/${kernel} agrees with plain loops for ${what}`,
      async () => {
        const { args, expected, tolerance } = make();
        const { variants } = tensor.kernel(kernel).signature;
        const found = names.filter((name) => Object.hasOwn(variants!, name));
        assert.ok(found.length > 0);
        for (const variant of found) {
          const ref = tensor
            .kernel(kernel)
            .options({ variant })
            .remote(...args);
          const given = resultsOf(await wray.get(ref));
          assert.equal(Object.keys(given), Object.keys(expected));
          for (const name in expected) assertClose(given[name]!, expected[name]!, tolerance);
        }
      },
      { timeoutMs: 120_000 },
    );
  }
}

/** What was returned, by names as of `Call`. */
function resultsOf(value: unknown): Record<string, ArrayLike<number>> {
  if (typeof value === "number") return { out: [value] };
  return ArrayBuffer.isView(value) ? { out: value as Float32Array } : (value as Record<string, Float32Array>);
}
