import type { Client } from "wray";
import { latencies } from "../figures.ts";
import { byTurns, type Call, check, oneByOneUs } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";

const full = { turnCount: 5, callCount: 500, warmUpCount: 1_000 };
const quick = { turnCount: 2, callCount: 10, warmUpCount: 10 };

const kib = 1024;
const sizes = [
  ["1 KB", kib],
  ["64 KB", 64 * kib],
  ["1 MB", 1024 * kib],
] as const;

/**
 * A call that does nothing, by what its actor keeps: one that may have changed it, and one that says by `@readonly` that it
 * has not. Beside the call of an actor that keeps a number.
 */
export async function* turnsByState({ isQuick }: Context, wray: Client): AsyncIterable<Figure> {
  const { turnCount, callCount, warmUpCount } = isQuick ? quick : full;
  const Queue = await wray.actor("actors/Queue");
  const counter = (await wray.actor("actors/Counter")).remote();
  const least: Call = () => wray.get(counter.incr.remote(0)).then((value) => check("a counter", value, 0));
  await oneByOneUs(warmUpCount, least);
  for (const [size, byteLength] of sizes) {
    const queue = Queue.remote(1);
    const isPushed = await wray.get(queue.tryPush.remote(new Uint8Array(byteLength).fill(1)));
    check("an empty queue", isPushed, true);
    const none = new Uint8Array();
    const changing: Call = () =>
      wray.get(queue.tryPush.remote(none)).then((pushed) => check("a full queue", pushed, false));
    const reading: Call = () =>
      wray.get(queue.size.remote()).then((count) => check("a full queue", count, 1));
    for (const [name, call] of [
      [`turn with a state of ${size}`, changing],
      [`turn that only reads one of ${size}`, reading],
    ] as const) {
      await oneByOneUs(warmUpCount, call);
      const compared = await byTurns(turnCount, () => oneByOneUs(callCount, call), {
        name: "turn of a counter",
        measure: () => oneByOneUs(callCount, least),
      });
      yield latencies(name, "µs", compared)[0];
    }
    wray.kill(queue);
  }
}
