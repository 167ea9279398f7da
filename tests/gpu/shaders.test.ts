import type { GpuBuffer, GpuDevice, GpuTask } from "../../gpu/index.ts";
import * as plain from "../../gpu/reference/index.ts";
import {
  argmax,
  chooseMatmul,
  conv2d,
  matmul,
  matmulVariants,
  reduce,
  scan,
  sort,
} from "../../gpu/shaders/index.ts";
import { assert } from "../support/index.ts";
import { assertClose } from "../support/ulps.ts";
import { gpuSuite, openDevice } from "./gpu-suite.ts";
import { convolutions, keysOf, magnitude, matmulShapes, wave } from "./tensor-cases.ts";

// What has a plan is tested in plans.test.ts; here is the rest.

const test = gpuSuite("shaders");
let device: GpuDevice;
test.before(async (t) => {
  device = await openDevice(t);
});

const slow = { timeoutMs: 120_000 };

/** Runs a task and gives its results. */
async function run(task: GpuTask): Promise<Record<string, { f32: Float32Array; u32: Uint32Array }>> {
  const { results, done } = device.run(task);
  await done;
  const read = async ([name, buffer]: [string, GpuBuffer]) => {
    const { buffer: bytes } = await device.read(buffer);
    device.free(buffer);
    return [name, { f32: new Float32Array(bytes), u32: new Uint32Array(bytes) }] as const;
  };
  return Object.fromEntries(await Promise.all(Object.entries(results).map(read)));
}

test("argmax() gives the value, too", async () => {
  const x = wave(1_000);
  assert.is((await run(argmax(x))).out!.f32[0], x[plain.argmax(x)]);
});

test(
  "reduce(), scan() and sort() agree with plain ones for a million values",
  async () => {
    const n = 1_000_003;
    const [x, keys] = [wave(n), keysOf(n)];
    assertClose((await run(reduce("sum", x))).out!.f32, [plain.sum(x)], { ulps: 4, scale: magnitude(x) });
    assert.is((await run(argmax(x))).place!.u32[0], plain.argmax(x));
    assert.equal(
      (await run(scan("u32", keys))).out!.u32,
      Uint32Array.from(plain.scan(keys), (sum) => sum % 2 ** 32),
    );
    assert.equal((await run(sort(keys))).keys!.u32, keys.slice().sort());
  },
  slow,
);

for (const variant of matmulVariants) {
  for (const [m, k, n] of matmulShapes) {
    test(
      `matmul() by ${variant} agrees with plain loops for ${m} × ${k} × ${n}`,
      async () => {
        const [a, b] = [wave(m * k), wave(k * n, 1)];
        const { c } = await run(matmul(variant, { m, k, n }, a, b));
        assertClose(c!.f32, plain.matmul({ m, k, n }, a, b), { ulps: 4, scale: Math.max(1, k / 2) });
      },
      slow,
    );
  }
}

test(
  "chooseMatmul() takes one of the variants, and the same the next time",
  async () => {
    const chosen = await chooseMatmul(device);
    assert.ok(matmulVariants.includes(chosen));
    assert.is(await chooseMatmul(device), chosen);
  },
  slow,
);

for (const sizes of convolutions) {
  test(`conv2d() with a bias agrees with plain loops for ${Object.values(sizes).join(" × ")}`, async () => {
    const { images, channels, height, width, filters, filterHeight, filterWidth } = sizes;
    const x = wave(images * channels * height * width);
    const weights = wave(filters * channels * filterHeight * filterWidth, 1);
    const bias = wave(filters, 2);
    const { out } = await run(conv2d(sizes, x, weights, bias));
    const scale = channels * filterHeight * filterWidth;
    assertClose(out!.f32, plain.conv2d(sizes, x, weights, bias), { ulps: 4, scale });
  });
}
