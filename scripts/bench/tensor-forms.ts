import { values } from "./figures.ts";
import { kernelCall, usOf } from "./kernel-call.ts";
import { byTurns } from "./measure.ts";
import { readShipped } from "./shipped.ts";
import type { Figure } from "./suite.ts";
import { prepared } from "./worker.ts";

/** The kernels of the module `tensor` that have a form in SIMD, each beside the form without. */
export async function* tensorForms(turnCount: number, turnMs: number): AsyncIterable<Figure> {
  const tensor = await prepared(await readShipped("tensor"));
  for (const [kernel, size, args] of cases()) {
    const form = (name: string) => {
      const call = kernelCall(tensor, name, args);
      const callCount = Math.max(1, Math.round(turnMs / Math.max(call().ms, 0.001)));
      return { callCount, measure: async () => usOf(callCount, () => call().ms) };
    };
    const { callCount, measure } = form(`${kernel}Simd`);
    const compared = await byTurns(turnCount, measure, {
      name: `tensor/${kernel}`,
      measure: form(kernel).measure,
    });
    yield values(`tensor/${kernel}Simd, ${size}`, "µs", turnCount * callCount, compared);
  }
}

const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i));

function* cases(): Iterable<[kernel: string, size: string, args: unknown[]]> {
  const x = wave(65_536);
  yield ["saxpy", "64 Ki", [1.5, x, x]];
  for (const operation of ["relu", "sqrt", "abs", "square", "negate", "exp", "sigmoid"]) {
    yield ["map", `${operation} of 64 Ki`, [operation, x.map(Math.abs)]];
  }
  yield ["sum", "64 Ki", [x]];
  for (const [m, k, n] of [
    [16, 16, 16],
    [256, 256, 256],
    [1, 256, 256],
  ] as const) {
    yield ["matmul", `${m} × ${k} × ${n}`, [wave(m * k), wave(k * n), m, k, n]];
  }
  yield ["softmax", "1,000 × 10", [wave(10_000), 10]];
  yield ["softmax", "10 × 1,000", [wave(10_000), 1_000]];
  for (const [images, size, stride] of [
    [1, 64, 1],
    [4, 32, 2],
  ] as const) {
    const sizes = { images, channels: 8, height: size, width: size, filters: 8 };
    const filter = { filterHeight: 3, filterWidth: 3, stride, padding: 1 };
    const image = wave(images * 8 * size * size);
    yield [
      "conv2d",
      `${images} × 8 × ${size} × ${size}, stride ${stride}`,
      [image, wave(576), { ...sizes, ...filter }],
    ];
  }
  for (const samples of [1, 64]) {
    const sizes = [4, 64, 64, 2];
    const inputs = wave(samples * 4);
    const weights = wave(5 * 64 + 65 * 64 + 65 * 2);
    const labels = Uint32Array.from(inputs.subarray(0, samples), (_, i) => i % 2);
    const what = `${samples} by ${sizes.join(" → ")}`;
    yield ["mlpForward", what, [inputs, weights, sizes]];
    yield ["mlpBackward", what, [inputs, labels, weights, sizes, 0.1]];
    yield ["mlpGradient", what, [inputs, wave(samples * 2), weights, sizes]];
  }
}
