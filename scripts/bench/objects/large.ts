import { setImmediate as nextTurn } from "node:timers/promises";
import type { Client, ObjectRef } from "wray";
import { barred } from "../bar.ts";
import { latencies, values } from "../figures.ts";
import { byTurns, check, elapsedMs, oneByOneUs } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";

const kibibyte = 1024;
const full = { turnCount: 9, warmUpCount: 6, largeKib: 64 * 1024, callCount: 200, turnMs: 200 };
const quick = { turnCount: 2, warmUpCount: 1, largeKib: 2 * 1024, callCount: 5, turnMs: 20 };

/** Putting an object of 64 MiB beside copying it, and getting objects of several sizes. */
export async function* largeObjects({ isQuick }: Context, wray: Client): AsyncIterable<Figure> {
  const { turnCount, warmUpCount, largeKib, callCount, turnMs } = isQuick ? quick : full;
  const large = numbersOf(largeKib);
  const perSecond = async (action: () => Promise<unknown> | unknown) =>
    large.byteLength / 1e6 / ((await elapsedMs(async () => action())) / 1_000);

  const put = async () => {
    let ref: ObjectRef<Float64Array> | undefined;
    const rate = await perSecond(() => {
      ref = wray.put(large);
    });
    checkNumbers(await wray.get(ref!), large.length);
    wray.free(ref!);
    // A view that is garbage is seen to be only after a turn of the event loop; until then its memory is not used again.
    await nextTurn();
    return rate;
  };
  const target = new Float64Array(large.length);
  const copies = [
    ["copy into the same memory again", () => target.set(large)],
    ["copy into new memory", () => large.slice()],
  ] as const;
  for (const [name, copy] of copies) {
    const measure = () => perSecond(copy);
    await measure();
    // Until memory is used again, since the views of the first ones are garbage that has not been collected.
    for (let count = 0; count < warmUpCount; count++) await put();
    const compared = await byTurns(turnCount, put, { name, measure });
    const figure = values(`put of ${textOf(largeKib)}`, "MB/s", turnCount, compared);
    yield barred(figure, { of: "ratio", atLeast: 0.5 });
  }
  checkNumbers(target, large.length);

  /** How long `get` takes, as often as it can within a turn's time. */
  const getsUs = (kib: number) => {
    const numbers = numbersOf(kib);
    const ref = wray.put(numbers);
    const get = async () => checkNumbers(await wray.get(ref), numbers.length);
    return async () => {
      const samplesUs: number[] = [];
      const endMs = performance.now() + turnMs;
      do samplesUs.push(...(await oneByOneUs(1, get)));
      while (samplesUs.length < callCount && performance.now() < endMs);
      return samplesUs;
    };
  };
  const smallKib = 64;
  const small = { name: `get of ${textOf(smallKib)}`, measure: getsUs(smallKib) };
  for (const kib of [1024, largeKib]) {
    const measure = getsUs(kib);
    await small.measure();
    await measure();
    const [figure, bare] = latencies(`get of ${textOf(kib)}`, "µs", await byTurns(turnCount, measure, small));
    // As long whatever the size, but for the noise of figures so small.
    yield barred(figure, { of: "ratio", atMost: 1.5 });
    if (kib === largeKib) yield bare;
  }
}

/** 0, 1, 2, … */
const numbersOf = (kib: number) => Float64Array.from({ length: (kib * kibibyte) / 8 }, (_, index) => index);

/** Looks at a few of them only, so that it takes as long whatever the size. */
function checkNumbers(numbers: Float64Array, length: number): void {
  check("the length of an object", numbers.length, length);
  for (const index of [0, 1, length >> 1, length - 1]) check("an element", numbers[index], index);
}

const textOf = (kib: number) => (kib < 1024 ? `${kib} KiB` : `${kib / 1024} MiB`);
