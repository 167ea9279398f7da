import type { Client } from "wray";
import { assemble } from "./assemble.ts";
import { values } from "./figures.ts";
import { byTurns, type Call, callsPerSecond, check } from "./measure.ts";
import type { Context, Figure } from "./suite.ts";

const full = { turnCount: 5, itemCount: 50_000 };
const quick = { turnCount: 2, itemCount: 400 };

/** How far the kernel may be ahead, and how many single tasks are outstanding beside it. */
const windows = [16, 1_000];

/** Emits 0, 1, 2, … */
const counting = () =>
  assemble(`(module
    (import "wray" "emit_float" (func $emit (param f64)))
    (func (export "count") (param $to f64)
      (local $index f64)
      (block $done
        (loop $next
          (br_if $done (f64.ge (local.get $index) (local.get $to)))
          (call $emit (local.get $index))
          (local.set $index (f64.add (local.get $index) (f64.const 1)))
          (br $next)))))`);

/** Items that one task yields, of which the program gets each, beside as many tasks. */
export async function* streaming(
  { isQuick }: Context,
  where: string,
  wray: Client,
  task: Call,
): AsyncIterable<Figure> {
  const { turnCount, itemCount } = isQuick ? quick : full;
  const count = (await wray.load(await counting())).kernel("count");
  for (const maxUnread of windows) {
    const perSecond = async () => {
      const startMs = performance.now();
      let index = 0;
      for await (const ref of count.options({ maxUnread }).stream<number>(itemCount)) {
        check("an item", await wray.get(ref), index++);
        wray.free(ref);
      }
      check("the number of items", index, itemCount);
      return itemCount / ((performance.now() - startMs) / 1_000);
    };
    await perSecond();
    const compared = await byTurns(turnCount, perSecond, {
      name: `tasks with ${maxUnread.toLocaleString("en")} outstanding`,
      measure: () => callsPerSecond(itemCount, maxUnread, task),
    });
    const name = `items of a stream, ${maxUnread.toLocaleString("en")} ahead, ${where}`;
    yield values(name, "1/s", turnCount * itemCount, compared);
  }
}
