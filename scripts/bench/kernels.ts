import { loadPolicy } from "../../examples/learn-to-run/policy.ts";
import { barred } from "./bar.ts";
import { value, values } from "./figures.ts";
import { type Args, kernelCall, usOf } from "./kernel-call.ts";
import { byTurns, check } from "./measure.ts";
import * as plainKernels from "./plain-kernels.ts";
import { readShipped } from "./shipped.ts";
import type { Figure, Suite } from "./suite.ts";
import { tensorForms } from "./tensor-forms.ts";
import { prepared } from "./worker.ts";

const full = { turnCount: 9, turnMs: 60 };
const quick = { turnCount: 2, turnMs: 1 };

const plain = plainKernels as unknown as Record<string, (...args: Args) => Float64Array | number>;

export const kernels: Suite = {
  name: "kernels",
  description:
    "kernels that come with wray, without the way to them, beside the same loops in JavaScript or without SIMD",

  async *run({ isQuick }) {
    const { turnCount, turnMs } = isQuick ? quick : full;
    for (const [name, size, args] of cases()) {
      const [module, kernel] = name.split("/") as [string, string];
      const call = kernelCall(await prepared(await readShipped(module)), kernel, args);
      const inJavaScript = () => plain[kernel]!(...args);
      checkClose(name, call().result(), inJavaScript());
      const callCount = Math.max(1, Math.round(turnMs / Math.max(call().ms, 0.001)));
      const compared = await byTurns(turnCount, async () => usOf(callCount, () => call().ms), {
        name: "JavaScript",
        measure: async () => usOf(callCount, () => elapsed(inJavaScript).ms),
      });
      checkClose(name, call().result(), inJavaScript());
      yield values(`${name}, ${size}`, "µs", turnCount * callCount, compared);
    }
    yield* tensorForms(turnCount, turnMs);
    yield barred(await walkerSteps(turnCount, turnMs), { of: "value", atLeast: 200_000 });
  },
};

/** Steps a second of a walker that runs, each with what its policy makes of it: of 20 ms, in 4 steps of its world. */
async function walkerSteps(turnCount: number, turnMs: number): Promise<Figure> {
  const { hidden, theta } = await loadPolicy("examples/learn-to-run/walker.policy.json");
  const args = ["walker", Int32Array.from(hidden), Float64Array.from(theta), 1];
  const call = kernelCall<{ steps: number }>(await prepared(await readShipped("gym")), "rollout", args);
  const callCount = Math.max(1, Math.round(turnMs / call().ms));
  const rates = Array.from({ length: turnCount }, () => {
    const us = usOf(callCount, () => call().ms);
    const { steps } = call().result();
    check("gym/rollout's steps", steps, 500);
    return steps / (us / 1_000_000);
  });
  return value("gym/rollout of the walker, steps", "1/s", turnCount * callCount, rates);
}

/** What is called: the kernel, how large, its arguments. */
function* cases(): Iterable<[name: string, size: string, args: Args]> {
  const vector = (length: number) => Float64Array.from({ length }, (_, i) => Math.sin(i));
  for (const [size, length] of [
    ["64 Ki", 65_536],
    ["1 Mi", 1_048_576],
  ] as const) {
    const [a, b] = [vector(length), vector(length).reverse()];
    yield ["vector/add", size, [a, b]];
    yield ["vector/scale", size, [a, 1.5]];
    yield ["vector/axpy", size, [1.5, a, b]];
    yield ["vector/dot", size, [a, b]];
    yield ["vector/sum", size, [a]];
  }
  yield ["linalg/matmul", "256 × 256", [vector(65_536), vector(65_536).reverse(), 256, 256, 256]];
  const bodies = Float64Array.from({ length: 5 * 7 }, (_, i) => (i % 7 === 6 ? 1 : Math.sin(i)));
  yield ["physics/nbody", "5 bodies, 10,000 steps", [bodies, 0.001, 10_000]];
  yield ["math/pi", "1,000,000 terms", [1_000_000]];
}

function elapsed<T>(call: () => T): { ms: number; value: T } {
  const startMs = performance.now();
  const value = call();
  return { ms: performance.now() - startMs, value };
}

/** Fails unless the results agree but for the rounding of another order of additions. */
function checkClose(name: string, actual: Float64Array | number, expected: Float64Array | number): void {
  const [ours, theirs] = [actual, expected].map((value) =>
    typeof value === "number" ? [value] : [...value],
  );
  check(`${name}'s length`, ours!.length, theirs!.length);
  for (const [index, value] of ours!.entries()) {
    const difference = Math.abs(value - theirs![index]!);
    if (!(difference <= 1e-9 * Math.max(1, Math.abs(value)))) check(name, value, theirs![index]);
  }
}
