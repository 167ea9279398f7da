import type { Client } from "wray";
import { startCluster } from "../cluster.ts";
import { value, values } from "../figures.ts";
import { byTurns, check, elapsedMs } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";

const full = { turnCount: 5, elementCount: 2 * 1024 * 1024 };
const quick = { turnCount: 2, elementCount: 64 * 1024 };

/** An object on its way to a host, and there. */
export async function* transferToHost(context: Context): AsyncIterable<Figure> {
  const { turnCount, elementCount } = context.isQuick ? quick : full;
  const { wray, peer } = await startCluster(context);
  const numbers = Float64Array.from({ length: elementCount }, (_, index) => index);
  const bytes = new Uint8Array(numbers.buffer);
  const perSecond = (ms: number) => bytes.byteLength / 1e6 / (ms / 1_000);
  const size = `${bytes.byteLength / 1024 / 1024} MiB`;

  await sumTwice(wray, numbers);
  await peer.stream(bytes);
  const cachedRates: number[] = [];
  const transfers = await byTurns(
    turnCount,
    async () => {
      const { firstMs, secondMs } = await sumTwice(wray, numbers);
      cachedRates.push(perSecond(secondMs));
      return perSecond(firstMs);
    },
    {
      name: "NATS publish, 256 KiB each",
      measure: async () => perSecond(await elapsedMs(() => peer.stream(bytes))),
    },
  );
  yield values(`first task that reads ${size}, transfer and sum`, "MB/s", turnCount, transfers);
  yield value("next task that reads it, sum", "MB/s", turnCount, cachedRates);
}

/** Puts an object and has a host add up its elements, which must be 0, 1, 2, …, twice. */
async function sumTwice(wray: Client, numbers: Float64Array) {
  const sum = await wray.remote("vector/sum");
  const ref = wray.put(numbers);
  const run = async () =>
    check("vector/sum", await wray.get(sum.remote(ref)), (numbers.length * (numbers.length - 1)) / 2);
  return { firstMs: await elapsedMs(run), secondMs: await elapsedMs(run) };
}
