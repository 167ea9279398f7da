import { assemble } from "../assemble.ts";
import { values } from "../figures.ts";
import { type Args, type Called, kernelCall } from "../kernel-call.ts";
import { byTurns, check } from "../measure.ts";
import { readShipped } from "../shipped.ts";
import type { Context, Figure } from "../suite.ts";
import { prepared } from "../worker.ts";

const full = { turnCount: 25, turnMs: 30, warmUpMs: 300 };
const quick = { turnCount: 2, turnMs: 1, warmUpMs: 0 };

/** Recursion, and the loops in which a check weighs most: one that only counts, and one that reads memory. */
const tight = `(module
  (memory 16)
  (func $fib (export "fib") (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add
        (call $fib (i32.sub (local.get $n) (i32.const 1)))
        (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func (export "count") (param $n i32) (result i32) (local $i i32)
    (loop $next
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $i))
  (func (export "sum") (param $bytes i32) (result i32) (local $i i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $bytes))))
    (local.get $sum)))`;

/** The same code with checks and without. */
export async function* checks({ isQuick }: Context): AsyncIterable<Figure> {
  const { turnCount, turnMs, warmUpMs } = isQuick ? quick : full;
  for (const [name, wasm, kernel, args] of await cases()) {
    const open = async (preempt: boolean) => kernelCall(await prepared(wasm, { preempt }), kernel, args);
    const [checked, bare] = [await open(true), await open(false)];
    // The engine compiles what runs long once more, and better.
    for (const call of [checked, bare]) warmUp(call, warmUpMs);
    const callCount = Math.max(1, Math.round(turnMs / Math.max(bare().ms, 0.001)));
    const compared = await byTurns(turnCount, async () => cpuUs(callCount, checked), {
      name: "without checks",
      measure: async () => cpuUs(callCount, bare),
    });
    check(name, String(checked().result()), String(bare().result()));
    yield values(`${name}, with checks`, "cpu µs", turnCount * callCount, compared);
  }
}

async function cases(): Promise<[name: string, wasm: Uint8Array<ArrayBuffer>, kernel: string, args: Args][]> {
  const matrix = Float64Array.from({ length: 65_536 }, (_, i) => Math.sin(i));
  const bodies = Float64Array.from({ length: 5 * 7 }, (_, i) => (i % 7 === 6 ? 1 : Math.sin(i)));
  const loops = await assemble(tight);
  return [
    ["linalg/matmul, 256 × 256", await readShipped("linalg"), "matmul", [matrix, matrix, 256, 256, 256]],
    ["physics/nbody, 10,000 steps", await readShipped("physics"), "nbody", [bodies, 0.001, 10_000]],
    ["fib(25), recursive", loops, "fib", [25]],
    ["sum of 256 Ki integers", loops, "sum", [1_048_576]],
    ["a loop that only counts, 1 Mi turns", loops, "count", [1_048_576]],
  ];
}

/** The cpu time of a call, in µs: a busy machine makes it take longer, and not cost more. */
function cpuUs(callCount: number, call: () => Called): number {
  const before = process.cpuUsage();
  for (let count = 0; count < callCount; count++) call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / callCount;
}

function warmUp(call: () => Called, ms: number): void {
  for (let leftMs = ms; leftMs > 0; ) leftMs -= call().ms;
}
