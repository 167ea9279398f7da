import { type Client, init, type Kernel, type ObjectRef } from "wray";
import { barred } from "../bar.ts";
import type { BareDawn } from "../bare/dawn.ts";
import { latencies, value } from "../figures.ts";
import { byTurns, check, elapsedMs } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";
import { chainLength, smallCount, smallWgsl } from "./small.ts";

const full = {
  turnCount: 9,
  warmCount: 300,
  smallCalls: 200,
  chains: 10,
  sizes: [64, 256, 512, 1_024],
  matmulCalls: 5,
};
const quick = { turnCount: 2, warmCount: 5, smallCalls: 5, chains: 2, sizes: [64], matmulCalls: 2 };

/** The same as programs have it: kernels of an embedded client. */
export async function* gpuKernels(context: Context, bare: BareDawn): AsyncIterable<Figure> {
  const wray = await context.start(
    () => init({ cpus: 1 }),
    (client) => client.shutdown(),
  );
  yield* tasks(context, wray, bare);
  yield* products(context, wray);
}

async function* tasks({ isQuick }: Context, wray: Client, bare: BareDawn): AsyncIterable<Figure> {
  const { turnCount, warmCount, smallCalls, chains } = isQuick ? quick : full;
  const kernel = await wray.gpuKernel<(x: Float32Array, factor: number) => Float32Array>(
    { name: "small.wgsl", wgsl: smallWgsl },
    { outputs: { y: "x.length" }, workgroups: "x.length / 64" },
  );
  const numbers = new Float32Array(smallCount).fill(3);
  const link = async (count: number) => {
    let y = kernel.remote(numbers, 1);
    for (let i = 1; i < count; i++) y = kernel.remote(y, 1);
    check("the last of it", (await wray.get(y))[smallCount - 1], 3);
  };
  const measureUs = async (count: number, calls: number) => {
    const samples: number[] = [];
    for (let call = 0; call < calls; call++)
      samples.push(((await elapsedMs(() => link(count))) * 1_000) / count);
    return samples;
  };
  for (const [name, what, count, calls, most] of [
    ["a small task of gpuKernel()", "small", 1, smallCalls, 1.5],
    [`of gpuKernel(), a task of a chain of ${chainLength}`, "chain", chainLength, chains, 1.1],
  ] as const) {
    await measureUs(count, Math.ceil(warmCount / count));
    await bare.measure({ what, count: Math.ceil(warmCount / count), byteCount: 0, pauseMs: 0 });
    const compared = await byTurns(turnCount, () => measureUs(count, calls), {
      name: "bare Dawn",
      measure: async () =>
        (await bare.measure({ what, count: calls, byteCount: 0, pauseMs: 0 })).map(
          (ms) => (ms * 1_000) / count,
        ),
    });
    yield barred(latencies(name, "µs", compared)[0], { of: "ratio", atMost: most });
  }
}

type Matmul = (a: Float32Array, b: Float32Array, m: number, k: number, n: number) => Float32Array;

/** Each variant of a product of matrices, and what is chosen, which has found out by then. */
async function* products({ isQuick }: Context, wray: Client): AsyncIterable<Figure> {
  const { sizes, matmulCalls } = isQuick ? quick : full;
  const matmul = (await wray.remote("tensor/matmul")) as unknown as Kernel<Matmul>;
  const names = Object.keys(matmul.signature.variants!);
  for (const size of sizes) {
    const factor = wray.put(new Float32Array(size * size).fill(1));
    const once = (kernel: Kernel<Matmul>) =>
      elapsedMs(async () => {
        const product: ObjectRef<Float32Array> = kernel.remote(factor, factor, size, size, size);
        check("a sum of ones", (await wray.get(product))[size * size - 1], size);
      });
    const ways = [
      ...names.map((variant) => [variant, matmul.options({ variant })] as const),
      ["chosen", matmul] as const,
    ];
    // Each is tried twice before one is preferred.
    for (let warm = 0; warm < 2 * names.length + 1; warm++) for (const [, kernel] of ways) await once(kernel);
    const samples = new Map(ways.map(([name]) => [name, [] as number[]]));
    for (let call = 0; call < matmulCalls; call++)
      for (const [name, kernel] of ways) samples.get(name)!.push(await once(kernel));
    const figures = names.map((name) =>
      value(`tensor/matmul ${size}, ${name}`, "ms", matmulCalls, samples.get(name)!),
    );
    yield* figures;
    const best = figures.reduce((a, b) => (a.value! <= b.value! ? a : b));
    const chosen = value(`tensor/matmul ${size}, as chosen`, "ms", matmulCalls, samples.get("chosen")!);
    yield barred({ ...chosen, ratio: chosen.value! / best.value! }, { of: "ratio", atMost: 1.2 });
  }
}
