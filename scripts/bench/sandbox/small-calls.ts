import { pageBytes } from "../../../host/worker/instance.ts";
import { assemble } from "../assemble.ts";
import { values } from "../figures.ts";
import { byTurns, check } from "../measure.ts";
import { readShipped } from "../shipped.ts";
import type { Context, Figure } from "../suite.ts";
import { openWorker, prepared } from "../worker.ts";

const full = { turnCount: 25, callCount: 10_000 };
const quick = { turnCount: 2, callCount: 3 };

const kibibyte = 1024;

/** Begins with so much memory, of which a call writes a part, and a global. */
const touching = (pages: number) => `(module
  (memory ${pages}) (data (i32.const 1024) "${"pristine".repeat(128)}") (global $calls (mut i32) (i32.const 0))
  (func (export "touch") (param $bytes i32) (result i32)
    (memory.fill (i32.const 8192) (i32.const 77) (local.get $bytes))
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.add (local.get $bytes) (global.get $calls))))`;

/** Calls that take nanoseconds, each with what it takes until the next may find the instance as new. */
export async function* smallCalls({ isQuick }: Context): AsyncIterable<Figure> {
  const { turnCount, callCount } = isQuick ? quick : full;
  const worker = openWorker();

  for (const pages of [1, 2, 16]) {
    const instance = worker.instantiate(await prepared(await assemble(touching(pages))));
    const { run } = instance.kernel("touch");
    const bytes = new Uint8Array(pages * pageBytes);
    const touch = () => check("touch", run(kibibyte), kibibyte + 1);
    yield* await compare(
      `call that writes 1 KiB, and reset of ${(pages * pageBytes) / kibibyte} KiB`,
      () => {
        touch();
        check("reset", instance.reset(), true);
      },
      "Uint8Array.fill() of as much",
      () => void bytes.fill(0),
    );
  }

  const instance = worker.instantiate(await prepared(await readShipped("math")));
  const add = instance.kernel("add");
  check("isStateless", add.isStateless, true);
  yield* await compare(
    "call of math/add, which is stateless",
    () => check("add", add.run(2, 3), 5),
    "the same with a reset",
    () => {
      check("add", add.run(2, 3), 5);
      check("reset", instance.reset(), true);
    },
  );

  async function compare(name: string, work: () => void, baselineName: string, baselineWork: () => void) {
    const ns = (each: () => void) => async () => {
      const startMs = performance.now();
      for (let count = 0; count < callCount; count++) each();
      return ((performance.now() - startMs) * 1e6) / callCount;
    };
    const [measure, measureBaseline] = [ns(work), ns(baselineWork)];
    await measure();
    await measureBaseline();
    const compared = await byTurns(turnCount, measure, { name: baselineName, measure: measureBaseline });
    return [values(name, "ns", turnCount * callCount, compared)];
  }
}
