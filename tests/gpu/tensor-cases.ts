// What each kernel of the module `tensor` is called with, whatever computes it, and what the plain loops give.
import * as plain from "../../gpu/reference/index.ts";
import type { MapOperation } from "../../gpu/shaders/index.ts";
import type { Tolerance } from "../support/ulps.ts";

/** A call, with its arguments in their order. What a kernel returns is `out`, or an object with these fields. */
export type Call = { args: unknown[]; expected: Record<string, ArrayLike<number>>; tolerance: Tolerance };
export type Case = { kernel: string; what: string; make: () => Call };

/** Numbers from -1 to 1 that are the same each time. */
export const wave = (length: number, phase = 0): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + phase));
export const keysOf = (length: number): Uint32Array<ArrayBuffer> =>
  Uint32Array.from({ length }, (_, i) => Math.imul(i + 1, 2_654_435_761) >>> 0);
export const magnitude = (x: ArrayLike<number>): number => plain.sum(Array.from(x, Math.abs));

const exact = { ulps: 0 };
const lengths = [0, 1, 2, 3, 63, 64, 65, 1_000, 4_097, 100_003];

/** Each operation with its tolerance; where log and tanh cross zero they are as exact as they are beside it. */
const operations: Record<MapOperation, Tolerance> = {
  ...{ relu: { ulps: 1 }, abs: { ulps: 1 }, square: { ulps: 1 }, negate: { ulps: 1 } },
  ...{ exp: { ulps: 8 }, sqrt: { ulps: 4 }, sigmoid: { ulps: 16 } },
  ...{ log: { ulps: 16, scale: 1 }, tanh: { ulps: 16, scale: 1 } },
};

export const matmulShapes = [
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
  [9, 1_100, 10],
  [192, 192, 192],
] as const;

const rowShapes = [
  [0, 4],
  [3, 0],
  [1, 1],
  [5, 7],
  [64, 10],
  [129, 33],
  [2, 5_001],
] as const;

export const convolutions = (
  [
    [0, 1, 3, 3, 1, 3, 3, 1, 0],
    [1, 1, 1, 1, 1, 1, 1, 1, 0],
    [1, 1, 2, 2, 1, 3, 3, 1, 0],
    [1, 1, 2, 3, 2, 5, 5, 1, 4],
    [2, 3, 9, 7, 4, 3, 3, 1, 1],
    [1, 2, 11, 13, 3, 5, 3, 2, 2],
    [1, 8, 64, 64, 8, 3, 3, 1, 1],
    // More filters and wider rows than an invocation of the shader has, with some left.
    [3, 2, 10, 19, 17, 3, 2, 1, 1],
    // Wide enough that a row at a time is as much as there is room for.
    [1, 9, 3, 1_001, 2, 3, 3, 1, 1],
  ] as const
).map(([images, channels, height, width, filters, filterHeight, filterWidth, stride, padding]) => ({
  ...{ images, channels, height, width },
  ...{ filters, filterHeight, filterWidth, stride, padding },
}));

const networks = [
  [0, 3, 2],
  [1, 1, 1],
  [3, 5, 2],
  [17, 9, 13, 4],
  [64, 33, 20, 16, 10],
  // More samples, inputs and outputs than a workgroup of the shaders has, with some left.
  [67, 65, 73, 3],
] as const;

export function* tensorCases(): Iterable<Case> {
  for (const n of lengths) yield* ofLength(n);
  for (const [m, k, n] of matmulShapes) {
    yield {
      kernel: "matmul",
      what: `${m} × ${k} × ${n}`,
      make() {
        const [a, b] = [wave(m * k), wave(k * n, 1)];
        return {
          args: [a, b, m, k, n],
          expected: { out: plain.matmul({ m, k, n }, a, b) },
          tolerance: { ulps: 4, scale: Math.max(1, k / 2) },
        };
      },
    };
  }
  for (const [rows, columns] of rowShapes) yield* ofRows(rows, columns);
  for (const sizes of convolutions) {
    yield {
      kernel: "conv2d",
      what: Object.values(sizes).join(" × "),
      make() {
        const { images, channels, height, width, filters, filterHeight, filterWidth } = sizes;
        const x = wave(images * channels * height * width);
        const weights = wave(filters * channels * filterHeight * filterWidth, 1);
        return {
          args: [x, weights, sizes],
          expected: { out: plain.conv2d(sizes, x, weights, new Float32Array(filters)) },
          tolerance: { ulps: 4, scale: channels * filterHeight * filterWidth },
        };
      },
    };
  }
  for (const n of [0, 1, 2, 65, 500]) {
    yield {
      kernel: "nbodyStep",
      what: `${n} bodies`,
      make() {
        const positions = wave(4 * n).map((value, i) => (i % 4 === 3 ? Math.abs(value) : value));
        const velocities = wave(4 * n, 1).map((value, i) => (i % 4 === 3 ? 0 : value));
        const step = { dt: Math.fround(0.01), softening: Math.fround(0.1) };
        return {
          args: [positions, velocities, step.dt, step.softening],
          expected: plain.nbodyStep(step, positions, velocities),
          tolerance: { ulps: 64, scale: Math.max(1, n / 4) },
        };
      },
    };
  }
  for (const [samples, ...sizes] of networks) yield* ofNetwork(samples, sizes);
}

function* ofLength(n: number): Iterable<Case> {
  const what = `${n} values`;
  for (const [operation, tolerance] of Object.entries(operations) as [MapOperation, Tolerance][]) {
    yield {
      kernel: "map",
      what: `${operation} of ${what}`,
      make() {
        const isOfAll = ["relu", "abs", "square", "negate"].includes(operation);
        const x = isOfAll ? wave(n) : wave(n).map((value) => value + 1.5);
        return { args: [operation, x], expected: { out: plain.map(operation, x) }, tolerance };
      },
    };
  }
  const floats = (
    kernel: string,
    ofPlain: (x: Float32Array) => ArrayLike<number>,
    toleranceOf: (x: Float32Array) => Tolerance = () => exact,
  ): Case => ({
    ...{ kernel, what },
    make() {
      const x = wave(n);
      return { args: [x], expected: { out: ofPlain(x) }, tolerance: toleranceOf(x) };
    },
  });
  const summed = (x: Float32Array) => ({ ulps: 4, scale: Math.max(1, magnitude(x)) });
  yield floats("sum", (x) => [plain.sum(x)], summed);
  yield floats("min", (x) => [x.reduce((a, b) => Math.min(a, b), Infinity)]);
  yield floats("max", (x) => [x.reduce((a, b) => Math.max(a, b), -Infinity)]);
  yield floats("scan", (x) => plain.scan(x), summed);
  yield {
    ...{ kernel: "saxpy", what },
    make() {
      const [a, x, y] = [Math.fround(1.7), wave(n), wave(n, 1)];
      return {
        args: [a, x, y],
        expected: { out: plain.saxpy(a, x, y) },
        tolerance: { ulps: 1, scale: 1 },
      };
    },
  };
  if (n > 0) {
    yield {
      ...{ kernel: "argmax", what: `${what}, with equals, of which the first counts` },
      make() {
        const x = wave(n).map((value) => Math.round(value * 8));
        return { args: [x], expected: { out: [plain.argmax(x)] }, tolerance: exact };
      },
    };
  }
  const keys = (kernel: string, makeCall: (keys: Uint32Array) => Omit<Call, "tolerance">): Case => ({
    ...{ kernel, what },
    make: () => ({ ...makeCall(keysOf(n)), tolerance: exact }),
  });
  yield keys("scanU32", (x) => ({
    args: [x],
    expected: { out: Uint32Array.from(plain.scan(x), (sum) => sum % 2 ** 32) },
  }));
  yield keys("sort", (x) => ({ args: [x], expected: { out: x.slice().sort() } }));
  yield keys("sortPairs", (x) => {
    const few = x.map((key) => key % 300);
    const values = plain.sortedPlaces(few);
    return {
      args: [few, few.map((_, i) => i)],
      expected: { keys: values.map((place) => few[place]!), values },
    };
  });
  yield {
    ...{ kernel: "histogram", what },
    make() {
      // Values in the middle of bins, so that no rounding moves them, and outside; and on both ends.
      const x = Float32Array.from({ length: n }, (_, i) => ((i * 7) % 41) / 4 - 0.125);
      x.set([0, 8, 8.01, -0.01].slice(0, n));
      const bins = { bins: 32, low: 0, high: 8 };
      return { args: [x, 32, 0, 8], expected: { out: plain.histogram(bins, x) }, tolerance: exact };
    },
  };
}

function* ofRows(rows: number, columns: number): Iterable<Case> {
  const what = `${rows} × ${columns}`;
  // Rows of no columns can't be told from no rows.
  const size = { rows, columns };
  const x = () => wave(rows * columns).map((value) => value * 30);
  yield {
    ...{ kernel: "softmax", what },
    make: () => ({
      args: [x(), columns],
      expected: { out: plain.softmax(size, x()) },
      tolerance: { ulps: 64, scale: 1e-6 },
    }),
  };
  yield {
    ...{ kernel: "layerNorm", what },
    make() {
      const [gain, bias] = [wave(columns, 1), wave(columns, 2)];
      return {
        args: [x(), gain, bias, columns],
        expected: { out: plain.layerNorm(size, x(), gain, bias) },
        tolerance: { ulps: 32, scale: 2 },
      };
    },
  };
}

function* ofNetwork(samples: number, sizes: number[]): Iterable<Case> {
  const what = `${samples} samples by ${sizes.join(" → ")}`;
  const weights = Float32Array.from(
    sizes.slice(1).flatMap((outputs, index) => {
      const inputs = sizes[index]!;
      const own = wave(inputs * outputs, index).map((value) => value / Math.sqrt(inputs));
      return [...own, ...wave(outputs, index + 5)];
    }),
  );
  const x = wave(samples * sizes[0]!, 3);
  const outputs = sizes.at(-1)!;
  const tolerance = { ulps: 32, scale: 2 };
  yield {
    ...{ kernel: "mlpForward", what },
    make: () => ({
      args: [x, weights, sizes],
      expected: { out: plain.mlpForward(x, weights, sizes) },
      tolerance,
    }),
  };
  yield {
    ...{ kernel: "mlpBackward", what },
    make() {
      const labels = Uint32Array.from({ length: samples }, (_, i) => i % outputs);
      return {
        args: [x, labels, weights, sizes, 0.5],
        expected: { out: plain.mlpBackward(x, labels, weights, sizes, 0.5) },
        tolerance,
      };
    },
  };
  yield {
    ...{ kernel: "mlpGradient", what },
    make() {
      const gradient = wave(samples * outputs, 4);
      return {
        args: [x, gradient, weights, sizes],
        expected: { out: plain.mlpGradient(x, gradient, weights, sizes) },
        tolerance: { ulps: 32, scale: Math.max(1, samples) },
      };
    },
  };
}
