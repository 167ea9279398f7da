/**
 * How many of `x` are in each of so many bins of the same size. Those outside are left out; `high` itself is in the last
 * bin. A value that lies within rounding of where two bins meet may be in either.
 */
export function histogram(x: Float32Array, bins: i32, low: f32, high: f32): Uint32Array {
  if (!(bins >= 1 && high > low)) {
    throw new Error(`there is no histogram of ${bins} bins from ${low} to ${high}`);
  }
  const counts = new Uint32Array(bins);
  const perBin = <f32>bins / (high - low);
  const last = <u32>bins - 1;
  const end = x.dataStart + x.byteLength;
  for (let at = x.dataStart; at < end; at += 4) {
    const value = load<f32>(at);
    if (value >= low && value <= high) {
      const count = counts.dataStart + ((<usize>min(<u32>((value - low) * perBin), last)) << 2);
      store<u32>(count, load<u32>(count) + 1);
    }
  }
  return counts;
}
