import { lowerAll } from "../../../host/worker/values.ts";
import { assemble } from "../assemble.ts";
import { latencies } from "../figures.ts";
import { byTurns, check } from "../measure.ts";
import { readShipped } from "../shipped.ts";
import type { Context, Figure } from "../suite.ts";
import { openWorker, prepared } from "../worker.ts";

const full = { turnCount: 20, resetCount: 200 };
const quick = { turnCount: 2, resetCount: 3 };

const kibibyte = 1024;

/** What it takes until an instance can serve the next task, beside a new instance. */
export async function* resets({ isQuick }: Context): AsyncIterable<Figure> {
  const { turnCount, resetCount } = isQuick ? quick : full;
  const worker = openWorker();
  const module = await prepared(await readShipped("vector"));
  const { params } = module.manifest.kernels.find(({ name }) => name === "sum")!;

  for (const [size, bytes] of [
    ["1 KiB", kibibyte],
    ["64 KiB", 64 * kibibyte],
    ["1 MiB", 1024 * kibibyte],
  ] as const) {
    const argument = new Float64Array(bytes / 8).fill(1);
    // So the sandbox itself decides how much memory such a task gets.
    check("vector/sum", worker.run(module, "sum", [argument]), bytes / 8);
    const instance = worker.lastKept();
    const resetUs = () => {
      const types = params.map(({ type }) => type);
      const sum = instance.call("sum", lowerAll(instance.runtime, module.manifest, types, [argument]));
      check("vector/sum", sum, bytes / 8);
      return elapsedUs(() => check("reset", instance.reset(), true));
    };
    // One that need not remember what to put back.
    const passing = { ...module, isReusable: false };
    const freshUs = () => elapsedUs(() => worker.instantiate(passing, instance.memoryBytes));
    yield* await compare(`reset after arguments of ${size}`, resetUs, `new instance for ${size}`, freshUs);
  }

  const growing = await prepared(
    await assemble(`(module (memory 1) (func (export "grow") (result i32)
      (memory.grow (i32.const 16))
      (memory.fill (i32.const 65536) (i32.const 1) (i32.const 1048576))))`),
  );
  const grownUs = () => {
    const instance = worker.instantiate(growing);
    check("grow", instance.call("grow", []), 1);
    return elapsedUs(() =>
      check("reset", instance.reset() || worker.instantiate(growing) === instance, false),
    );
  };
  const newUs = () => elapsedUs(() => worker.instantiate(growing));
  yield* await compare("another instance after growing by 1 MiB", grownUs, "new instance", newUs);

  async function compare(name: string, us: () => number, baselineName: string, baselineUs: () => number) {
    const samplesOf = (sampleUs: () => number) => async () =>
      Array.from({ length: resetCount }, () => sampleUs());
    await samplesOf(us)();
    await samplesOf(baselineUs)();
    const baseline = { name: baselineName, measure: samplesOf(baselineUs) };
    return latencies(name, "µs", await byTurns(turnCount, samplesOf(us), baseline));
  }
}

function elapsedUs(work: () => unknown): number {
  const startMs = performance.now();
  work();
  return (performance.now() - startMs) * 1_000;
}
