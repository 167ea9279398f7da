/** The sum, kept as a double until the end. */
export function sum(x: Float32Array): f32 {
  return <f32>sumBetween(x.dataStart, x.dataStart + x.byteLength);
}

/** Bytes of values that are added as f32: so few that large sums do not swallow small values. */
const BLOCK: usize = 512 << 2;

/** The sum of blocks as doubles; in each, sixteen lanes are added as f32. */
export function sumSimd(x: Float32Array): f32 {
  let total: f64 = 0;
  let at = x.dataStart;
  const whole = at + (x.byteLength & ~63);
  while (at < whole) {
    const end = at + BLOCK < whole ? at + BLOCK : whole;
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let s2 = f32x4.splat(0);
    let s3 = f32x4.splat(0);
    for (; at < end; at += 64) {
      s0 = f32x4.add(s0, v128.load(at));
      s1 = f32x4.add(s1, v128.load(at, 16));
      s2 = f32x4.add(s2, v128.load(at, 32));
      s3 = f32x4.add(s3, v128.load(at, 48));
    }
    const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
    total += <f64>f32x4.extract_lane(s, 0) + <f64>f32x4.extract_lane(s, 1);
    total += <f64>f32x4.extract_lane(s, 2) + <f64>f32x4.extract_lane(s, 3);
  }
  return <f32>(total + sumBetween(at, x.dataStart + x.byteLength));
}

function sumBetween(at: usize, end: usize): f64 {
  let total: f64 = 0;
  for (; at < end; at += 4) total += <f64>load<f32>(at);
  return total;
}

/** The least value, infinity of none. */
export function min(x: Float32Array): f32 {
  let least: f32 = Infinity;
  const end = x.dataStart + x.byteLength;
  for (let at = x.dataStart; at < end; at += 4) least = f32.min(least, load<f32>(at));
  return least;
}

/** The greatest value, minus infinity of none. */
export function max(x: Float32Array): f32 {
  let greatest: f32 = -Infinity;
  const end = x.dataStart + x.byteLength;
  for (let at = x.dataStart; at < end; at += 4) greatest = f32.max(greatest, load<f32>(at));
  return greatest;
}

/** Where the first of the greatest values is. */
export function argmax(x: Float32Array): u32 {
  if (x.length == 0) throw new Error("x has no values, of which one could be the greatest");
  const start = x.dataStart;
  const end = start + x.byteLength;
  let best = load<f32>(start);
  let place = start;
  for (let at = start + 4; at < end; at += 4) {
    const value = load<f32>(at);
    if (value > best) {
      best = value;
      place = at;
    }
  }
  return <u32>((place - start) >> 2);
}
