import { setTimeout as delay } from "node:timers/promises";
import { adapterSources, type GpuDevice, openGpu, readProgram, setUpGpu } from "../../gpu/index.ts";
import { chooseMatmul, matmul, matmulVariants } from "../../gpu/shaders/index.ts";
import { barred } from "./bar.ts";
import { type BareDawn, startBareDawn } from "./bare/dawn.ts";
import { latencies, value, values } from "./figures.ts";
import { gpuKernels } from "./gpu/kernels.ts";
import { chainLength, smallCount, smallWgsl } from "./gpu/small.ts";
import { byTurns, check, elapsedMs } from "./measure.ts";
import type { Context, Figure, Suite } from "./suite.ts";

const mib = 1024 * 1024;
const full = {
  ...{ turnCount: 9, warmCount: 1_000, smallCalls: 500, rareCalls: 100, chains: 20 },
  ...{ byteCount: 64 * mib, sizes: [64, 256, 512, 1_024], matmulTurns: 3 },
};
const quick = {
  ...{ turnCount: 2, warmCount: 5, smallCalls: 5, rareCalls: 5, chains: 2 },
  ...{ byteCount: mib, sizes: [64], matmulTurns: 1 },
};

const bareDawn = "bare Dawn";
/** Long enough that whoever waits sleeps. */
const pauseOfRareMs = 5;
const memoryBytes = 1024 * mib;

export const gpu: Suite = {
  name: "gpu",
  description: "tasks of the GPU beside Dawn called by hand, bytes to it and back, and variants of matmul",

  async *run(context) {
    const ready = await setUpGpu({ onProgress: (line) => console.error(line) });
    if (!ready.isReady) {
      console.error(`gpu: nothing is measured, since there is no GPU: ${ready.reasons.join("; ")}`);
      return;
    }
    const setup = { webgpuUrl: import.meta.resolve("webgpu"), sources: adapterSources(), memoryBytes };
    const bare = await context.start(
      () => startBareDawn(setup),
      (started) => started.stop(),
    );
    const device = await context.start(
      () => openGpu({ memoryBytes }),
      (started) => started.close(),
    );
    console.error(`gpu: measured on ${device.adapter.name}`);
    yield* tasks(context, device, bare);
    yield* bytes(context, device, bare);
    yield* variants(context, device);
    yield* gpuKernels(context, bare);
  },
};

async function* tasks({ isQuick }: Context, device: GpuDevice, bare: BareDawn): AsyncIterable<Figure> {
  const { turnCount, warmCount, smallCalls, rareCalls, chains } = isQuick ? quick : full;
  const program = readProgram("small.wgsl", smallWgsl);
  const numbers = new Float32Array(smallCount).fill(3);
  const y = { byteLength: smallCount * 4 };
  const steps = [{ program, workgroups: [smallCount / 64] as [number], uniforms: { factor: 1 } }];

  /** So many tasks, each of which takes the result of the one before, and what comes of them. */
  const link = async (count: number) => {
    let x = device.write(numbers);
    for (let i = 0; i < count; i++) {
      const { results } = device.run({ buffers: { x, y }, steps, results: ["y"] });
      device.free(x);
      x = results.y!;
    }
    const read = device.read(x);
    device.free(x);
    check("the last of it", new Float32Array((await read).buffer)[smallCount - 1], 3);
  };
  const measure = async (count: number, calls: number, pauseMs = 0) => {
    const samplesMs: number[] = [];
    for (let call = 0; call < calls; call++) {
      if (pauseMs > 0) await delay(pauseMs);
      samplesMs.push(await elapsedMs(() => link(count)));
    }
    return samplesMs;
  };
  const scaled = (samples: number[], scale: number) => samples.map((sample) => sample * scale);
  for (const [name, what, count, calls, pauseMs, most] of [
    ["a small task, with its bytes", "small", 1, smallCalls, 0, 1.5],
    [`the same after a pause of ${pauseOfRareMs} ms`, "small", 1, rareCalls, pauseOfRareMs, undefined],
    [`a task of a chain of ${chainLength}`, "chain", chainLength, chains, 0, 1.1],
  ] as const) {
    await measure(count, Math.ceil(warmCount / count));
    await bare.measure({ what, count: Math.ceil(warmCount / count), byteCount: 0, pauseMs: 0 });
    const compared = await byTurns(
      turnCount,
      async () => scaled(await measure(count, calls, pauseMs), 1_000 / count),
      {
        name: bareDawn,
        measure: async () =>
          scaled(await bare.measure({ what, count: calls, byteCount: 0, pauseMs }), 1_000 / count),
      },
    );
    const [figure] = latencies(name, "µs", compared);
    yield most === undefined ? figure : barred(figure, { of: "ratio", atMost: most });
  }
}

async function* bytes({ isQuick }: Context, device: GpuDevice, bare: BareDawn): AsyncIterable<Figure> {
  const { turnCount, byteCount } = isQuick ? quick : full;
  const from = new Uint8Array(byteCount).fill(5);
  const into = new Uint8Array(byteCount);
  const rate = (ms: number) => byteCount / 1e6 / (ms / 1_000);
  const carry = async () => {
    const buffer = device.write(from);
    const read = device.read(buffer, into.fill(0, byteCount - 1));
    device.free(buffer);
    await read;
    check("the last byte", into[byteCount - 1], 5);
  };
  const baseline = async () =>
    rate((await bare.measure({ what: "bytes", count: 1, byteCount, pauseMs: 0 }))[0]!);
  await Promise.all([carry(), baseline()]);
  await carry();
  const compared = await byTurns(turnCount, async () => rate(await elapsedMs(carry)), {
    name: bareDawn,
    measure: baseline,
  });
  yield barred(values(`${byteCount / mib} MiB in and out`, "MB/s", turnCount, compared), {
    of: "ratio",
    atLeast: 0.7,
  });
}

async function* variants({ isQuick }: Context, device: GpuDevice): AsyncIterable<Figure> {
  const { sizes, matmulTurns } = isQuick ? quick : full;
  const chosen = await chooseMatmul(device);
  for (const size of sizes) {
    const factor = device.write(new Float32Array(size * size).fill(1));
    const once = async (variant: (typeof matmulVariants)[number]) => {
      const { results, done } = device.run(matmul(variant, { m: size, k: size, n: size }, factor, factor));
      const ms = await elapsedMs(() => done);
      const product = new Float32Array((await device.read(results.c!)).buffer);
      device.free(results.c!);
      check("a sum of ones", product[size * size - 1], size);
      return ms;
    };
    const turns = new Map(matmulVariants.map((variant) => [variant, [] as number[]]));
    for (let turn = 0; turn < matmulTurns; turn++) {
      for (const [variant, samples] of turns) samples.push(await once(variant));
    }
    device.free(factor);
    const figures = [...turns].map(([variant, samples]) =>
      value(`matmul ${size}, ${variant}`, "ms", samples.length, samples),
    );
    yield* figures;
    const best = figures.reduce((a, b) => (a.value! <= b.value! ? a : b));
    const compared = { turns: turns.get(chosen)!, baseline: { name: best.name, turns: [best.value!] } };
    const figure = values(`matmul ${size}, as chosen (${chosen})`, "ms", matmulTurns, compared);
    yield barred({ ...figure, ratio: figure.value! / best.value! }, { of: "ratio", atMost: 1.2 });
  }
}
