/**
 * The value below which so many percent of the samples lie, interpolated between the two next to that place.
 * @throws RangeError without samples, or for a percentage that is not from 0 to 100
 */
export function percentile(samples: readonly number[], percent: number): number {
  if (samples.length === 0) throw new RangeError("no samples have no percentile");
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`${percent} % is not from 0 to 100 %`);
  const sorted = Float64Array.from(samples).sort();
  const place = (percent / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
}

/** The value in the middle; of an even number, the mean of the two. @throws RangeError without samples */
export const median = (samples: readonly number[]): number => percentile(samples, 50);
