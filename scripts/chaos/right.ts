/** The sum of the leaves of a tree of `tree` tasks. */
export function treeSum(depth: number, seed: number): number {
  return depth === 0 ? seed : treeSum(depth - 1, seed * 2) + treeSum(depth - 1, seed * 2 + 1);
}

/** What `numbers` tasks of these seeds give, added up. */
export const numbersSum = (count: number, seeds: readonly number[]): Float64Array =>
  Float64Array.from({ length: count }, (_, index) => seeds.reduce((sum, seed) => sum + seed + index, 0));

/** What `gather` gives of blocks of these seeds. */
export const gathered = (part: number, parts: number, count: number, seeds: readonly number[]): number =>
  seeds.reduce((sum, seed) => (sum + sumOfBlock(part, parts, count, seed)) >>> 0, 0);

const sums = new Map<string, number>();

/** Each is worked out once: it takes some milliseconds. */
function sumOfBlock(part: number, parts: number, count: number, seed: number): number {
  const key = [part, parts, count, seed].join();
  let sum = sums.get(key);
  if (sum === undefined) {
    sum = 1;
    for (let index = part; index < count; index += parts)
      sum = (Math.imul(sum, 31) + index * 31 + seed) >>> 0;
    sums.set(key, sum);
  }
  return sum;
}
