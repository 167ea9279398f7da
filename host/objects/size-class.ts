/** The least segment: what is smaller travels inside messages and is no object of the store. */
const leastBytes = 8 * 1024;
/** Classes for each doubling: a segment is at most a quarter larger than what was asked for. */
const classesPerDoubling = 4;

/** The size of the smallest class that has room for so many bytes. */
export function classAtLeast(byteLength: number): number {
  if (byteLength <= leastBytes) return leastBytes;
  const step = 2 ** Math.floor(Math.log2(byteLength - 1)) / classesPerDoubling;
  return Math.ceil(byteLength / step) * step;
}

/** The size of the largest class that fits into so many bytes; 0 when none does. */
export function classAtMost(byteLength: number): number {
  if (byteLength < leastBytes) return 0;
  const step = 2 ** Math.floor(Math.log2(byteLength)) / classesPerDoubling;
  return Math.floor(byteLength / step) * step;
}
