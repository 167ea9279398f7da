import type { GpuBuffer, GpuDevice, GpuTask } from "../../gpu/index.ts";
import * as plain from "../../gpu/reference/index.ts";
import {
  argmax,
  chooseMatmul,
  conv2d,
  histogram,
  type Layer,
  layerNorm,
  map,
  matmul,
  matmulVariants,
  mlpBackward,
  mlpForward,
  nbodyStep,
  reduce,
  saxpy,
  scan,
  softmax,
  sort,
  sortPairs,
} from "../../gpu/shaders/index.ts";
import { assert, throwsCode } from "../support/index.ts";
import { assertClose } from "../support/ulps.ts";
import { gpuSuite, openDevice } from "./gpu-suite.ts";

const test = gpuSuite("shaders");
let device: GpuDevice;
test.before(async (t) => {
  device = await openDevice(t);
});

const slow = { timeoutMs: 120_000 };
const sizes = [0, 1, 2, 63, 64, 65, 1_000, 4_097, 100_003];

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

/** Numbers from -1 to 1 that are the same each time. */
const wave = (length: number, phase = 0) =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + phase));
const keysOf = (length: number) =>
  Uint32Array.from({ length }, (_, i) => Math.imul(i + 1, 2_654_435_761) >>> 0);
const magnitude = (x: ArrayLike<number>) => plain.sum(Array.from(x, Math.abs));

for (const n of sizes) {
  test(`map() and saxpy() agree with plain loops for ${n} values`, async () => {
    const [x, y] = [wave(n), wave(n, 1)];
    for (const operation of ["relu", "abs", "square", "negate"] as const) {
      assertClose((await run(map(operation, x))).out!.f32, plain.map(operation, x), { ulps: 1 });
    }
    const positive = x.map((value) => value + 1.5);
    for (const [operation, ulps] of [
      ["exp", 8],
      ["sqrt", 4],
      ["sigmoid", 16],
    ] as const) {
      assertClose((await run(map(operation, positive))).out!.f32, plain.map(operation, positive), { ulps });
    }
    // Where they cross zero they are as exact as they are beside it.
    for (const operation of ["log", "tanh"] as const) {
      const given = (await run(map(operation, positive))).out!.f32;
      assertClose(given, plain.map(operation, positive), { ulps: 16, scale: 1 });
    }
    assertClose((await run(saxpy(1.7, x, y))).out!.f32, plain.saxpy(Math.fround(1.7), x, y), {
      ulps: 1,
      scale: 1,
    });
  });

  test(`reduce() agrees with plain loops for ${n} values`, async () => {
    const x = wave(n);
    const sum = (await run(reduce("sum", x))).out!.f32;
    assertClose(sum, [plain.sum(x)], { ulps: 4, scale: magnitude(x) });
    assert.equal(
      (await run(reduce("min", x))).out!.f32,
      Float32Array.of(x.reduce((a, b) => Math.min(a, b), Infinity)),
    );
    assert.equal(
      (await run(reduce("max", x))).out!.f32,
      Float32Array.of(x.reduce((a, b) => Math.max(a, b), -Infinity)),
    );
    if (n === 0) return;
    // With equals, of which the first counts.
    const few = x.map((value) => Math.round(value * 8));
    const { out, place } = await run(argmax(few));
    assert.is(place!.u32[0], plain.argmax(few));
    assert.is(out!.f32[0], few[plain.argmax(few)]);
  });

  test(`scan() agrees with plain loops for ${n} values`, async () => {
    const x = keysOf(n);
    assert.equal(
      (await run(scan("u32", x))).out!.u32,
      Uint32Array.from(plain.scan(x), (sum) => sum % 2 ** 32),
    );
    const floats = wave(n);
    const tolerance = { ulps: 4, scale: Math.max(1, magnitude(floats)) };
    assertClose((await run(scan("f32", floats))).out!.f32, plain.scan(floats), tolerance);
  });

  test(
    `sort() and sortPairs() agree with plain ones for ${n} keys`,
    async () => {
      const keys = keysOf(n);
      assert.equal((await run(sort(keys))).sorted!.u32, keys.slice().sort());
      const few = keys.map((key) => key % 300);
      const { sorted, values } = await run(
        sortPairs(
          few,
          Uint32Array.from(few, (_, i) => i),
        ),
      );
      const places = plain.sortedPlaces(few);
      assert.equal(values!.u32, places);
      assert.equal(
        sorted!.u32,
        Uint32Array.from(places, (place) => few[place]!),
      );
    },
    slow,
  );

  test(`histogram() agrees with plain loops for ${n} values`, async () => {
    // Values in the middle of bins, so that no rounding moves them, on both ends and outside.
    const x = Float32Array.from({ length: n }, (_, i) => ((i * 7) % 41) / 4 - 0.125);
    const bins = { bins: 32, low: 0, high: 8 };
    assert.equal((await run(histogram(bins, x))).counts!.u32, plain.histogram(bins, x));
    assert.equal(
      (await run(histogram(bins, Float32Array.of(0, 8, 8.01, -0.01)))).counts!.u32.join(),
      [1, ...Array(30).fill(0), 1].join(),
    );
  });
}

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
    assert.equal((await run(sort(keys))).sorted!.u32, keys.slice().sort());
  },
  slow,
);

test("argmax() refuses nothing", () => {
  throwsCode(() => argmax(new Float32Array()), "INVALID_TASK");
});

for (const variant of matmulVariants) {
  for (const [m, k, n] of [
    [0, 3, 2],
    [2, 0, 3],
    [1, 1, 1],
    [3, 5, 7],
    [4, 4, 4],
    [65, 33, 17],
    [64, 128, 96],
    [5, 8, 12],
    [67, 4, 36],
    [1, 300, 129],
    [130, 1, 67],
    [192, 192, 192],
  ] as const) {
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

for (const [rows, columns] of [
  [0, 4],
  [3, 0],
  [1, 1],
  [5, 7],
  [64, 10],
  [129, 33],
  [2, 5_001],
] as const) {
  test(`softmax() and layerNorm() agree with plain loops for ${rows} × ${columns}`, async () => {
    const x = wave(rows * columns).map((value) => value * 30);
    const [gain, bias] = [wave(columns, 1), wave(columns, 2)];
    const size = { rows, columns };
    assertClose((await run(softmax(size, x))).out!.f32, plain.softmax(size, x), { ulps: 64, scale: 1e-6 });
    const normed = (await run(layerNorm(size, x, gain, bias))).out!.f32;
    assertClose(normed, plain.layerNorm(size, x, gain, bias), { ulps: 32, scale: 2 });
  });
}

for (const sizes of [
  { images: 0, channels: 1, height: 3, width: 3, filters: 1, filterHeight: 3, filterWidth: 3 },
  { images: 1, channels: 1, height: 1, width: 1, filters: 1, filterHeight: 1, filterWidth: 1 },
  { images: 1, channels: 1, height: 2, width: 2, filters: 1, filterHeight: 3, filterWidth: 3 },
  { images: 2, channels: 3, height: 9, width: 7, filters: 4, filterHeight: 3, filterWidth: 3, padding: 1 },
  {
    images: 1,
    channels: 2,
    height: 11,
    width: 13,
    filters: 3,
    filterHeight: 5,
    filterWidth: 3,
    stride: 2,
    padding: 2,
  },
  { images: 1, channels: 8, height: 64, width: 64, filters: 8, filterHeight: 3, filterWidth: 3, padding: 1 },
]) {
  test(`conv2d() agrees with plain loops for ${Object.values(sizes).join(" × ")}`, async () => {
    const { images, channels, height, width, filters, filterHeight, filterWidth } = sizes;
    const x = wave(images * channels * height * width);
    const weights = wave(filters * channels * filterHeight * filterWidth, 1);
    const bias = wave(filters, 2);
    const { out } = await run(conv2d(sizes, x, weights, bias));
    const scale = channels * filterHeight * filterWidth;
    assertClose(out!.f32, plain.conv2d(sizes, x, weights, bias), { ulps: 4, scale });
  });
}

for (const n of [0, 1, 2, 65, 500]) {
  test(`nbodyStep() agrees with plain loops for ${n} bodies`, async () => {
    const positions = wave(4 * n).map((value, i) => (i % 4 === 3 ? Math.abs(value) : value));
    const velocities = wave(4 * n, 1).map((value, i) => (i % 4 === 3 ? 0 : value));
    const step = { dt: Math.fround(0.01), softening: Math.fround(0.1) };
    const given = await run(nbodyStep(step, positions, velocities));
    const wanted = plain.nbodyStep(step, positions, velocities);
    const tolerance = { ulps: 64, scale: Math.max(1, n / 4) };
    assertClose(given.outVelocities!.f32, wanted.outVelocities, tolerance);
    assertClose(given.outPositions!.f32, wanted.outPositions, tolerance);
  });
}

for (const [samples, ...widths] of [
  [1, 1, 1],
  [3, 5, 2],
  [17, 9, 13, 4],
  [64, 33, 20, 16, 10],
] as const) {
  test(`mlpForward() and mlpBackward() agree with plain loops for ${samples} samples by ${widths.join(" → ")}`, async () => {
    const layers = widths.slice(1).map((outputs, index) => {
      const inputs = widths[index]!;
      const weights = wave(inputs * outputs, index).map((value) => value / Math.sqrt(inputs));
      return { inputs, outputs, weights, bias: wave(outputs, index + 5) };
    });
    const x = wave(samples * widths[0]!, 3);
    const labels = Uint32Array.from({ length: samples }, (_, i) => i % widths.at(-1)!);
    const { out } = await run(mlpForward(samples, x, layers satisfies Layer[]));
    const tolerance = { ulps: 32, scale: 2 };
    assertClose(out!.f32, plain.mlpOutputs(samples, x, layers).at(-1)!, tolerance);
    const stepped = await run(mlpBackward(samples, x, labels, layers, 0.5));
    for (const [index, { weights, bias }] of plain.mlpBackward(samples, x, labels, layers, 0.5).entries()) {
      assertClose(stepped[`weights ${index}`]!.f32, weights, tolerance);
      assertClose(stepped[`bias ${index}`]!.f32, bias, tolerance);
    }
  });
}
