import { type Bytes, type GpuBuffer, type GpuDevice, openGpu } from "../../gpu/index.ts";
import * as plain from "../../gpu/reference/index.ts";
import { matmulVariants, type Planned, plansFor } from "../../gpu/shaders/index.ts";
import { assert, throwsCode } from "../support/index.ts";
import { assertClose } from "../support/ulps.ts";
import { gpuSuite } from "./gpu-suite.ts";
import { tensorCases, wave } from "./tensor-cases.ts";
import { wrongCalls } from "./tensor-wrong-calls.ts";

const test = gpuSuite("plans");
let device: GpuDevice;

test.before(async (t) => {
  device = await openGpu();
  t.after(() => device.close());
});

const plans = plansFor({ matmul: "register" });
const planOf = (kernel: string, args: unknown[]): Planned => plans[kernel]!(...(args as never[]));
const arrays = { f32: Float32Array, u32: Uint32Array, i32: Int32Array };

/** What a plan gives on the device, by its names, or as `out` when it is one result. */
async function resultsOf({ task, results }: Planned): Promise<Record<string, ArrayLike<number>>> {
  assert.equal(Object.keys(results), [...task.results]);
  const run = device.run(task);
  await run.done;
  const read = async ([name, { of, isScalar }]: [string, Planned["results"][string]]) => {
    const values = new arrays[of]((await device.read(run.results[name]!)).buffer as ArrayBuffer);
    device.free(run.results[name]!);
    if (isScalar) assert.is(values.length, 1);
    return [name, values] as const;
  };
  const all = await Promise.all(Object.entries(results).map(read));
  return all.length === 1 ? { out: all[0]![1] } : Object.fromEntries(all);
}

for (const [kernel, args, says] of wrongCalls) {
  test(`the plan of tensor/${kernel} refuses arguments, and says "${says}"`, () => {
    assert.match(throwsCode(() => planOf(kernel, args), "INVALID_TASK").message, says);
  });
}

test("plansFor() has a plan for each kernel that has cases, and for no other", () => {
  const kernels = new Set([...tensorCases()].map(({ kernel }) => kernel));
  assert.equal(Object.keys(plans).sort(), [...kernels].sort());
});

test("plansFor() takes the variant of matmul that it is told", () => {
  const programs = matmulVariants.map((variant) => {
    const plan = plansFor({ matmul: variant }).matmul! as (...args: unknown[]) => Planned;
    return plan(wave(9), wave(9), 3, 3, 3).task.steps[0]!.program.name;
  });
  assert.equal(
    programs,
    matmulVariants.map((variant) => `matmul-${variant}.wgsl`),
  );
});

test("plans take what is on the device, and the weights that one gives are the next one's", async () => {
  const sizes = [5, 4, 3];
  const [x, weights] = [wave(10 * 5), wave(6 * 4 + 5 * 3, 1)];
  const labels = Uint32Array.from({ length: 10 }, (_, i) => i % 3);
  const onDevice: GpuBuffer[] = [x, labels, weights].map((bytes: Bytes) => device.write(bytes));
  let trained = onDevice[2]!;
  let expected: ArrayLike<number> = weights;
  for (let step = 0; step < 3; step++) {
    const { task } = planOf("mlpBackward", [onDevice[0], onDevice[1], trained, sizes, 0.5]);
    trained = device.run(task).results[task.results[0]!]!;
    expected = plain.mlpBackward(x, labels, expected, sizes, 0.5);
  }
  const { out } = await resultsOf(planOf("mlpForward", [onDevice[0], trained, sizes]));
  assertClose(out!, plain.mlpForward(x, expected, sizes), { ulps: 64, scale: 2 });
});
