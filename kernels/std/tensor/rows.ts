import { Four } from "./four";
import { checkLength, rowsOf } from "./sizes";

/** In each row of `x`, the powers of e, divided by their sum. */
export function softmax(x: Float32Array, columns: i32): Float32Array {
  const rows = rowsOf("x", x.length, columns);
  const out = new Float32Array(x.length);
  const bytes = (<usize>columns) << 2;
  for (let row: usize = 0; row < <usize>rows; row++) {
    softmaxRow(x.dataStart + row * bytes, out.dataStart + row * bytes, columns);
  }
  return out;
}

/** From one address to another, which may be the same. */
export function softmaxRow(from: usize, to: usize, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  let greatest: f32 = -Infinity;
  for (let at: usize = 0; at < bytes; at += 4) greatest = max(greatest, load<f32>(from + at));
  let total: f32 = 0;
  for (let at: usize = 0; at < bytes; at += 4) {
    const power = Mathf.exp(load<f32>(from + at) - greatest);
    store<f32>(to + at, power);
    total += power;
  }
  for (let at: usize = 0; at < bytes; at += 4) store<f32>(to + at, load<f32>(to + at) / total);
}

/** The same; short rows are better off one by one. */
export function softmaxSimd(x: Float32Array, columns: i32): Float32Array {
  if (columns < 8) return softmax(x, columns);
  const rows = rowsOf("x", x.length, columns);
  const out = new Float32Array(x.length);
  const bytes = (<usize>columns) << 2;
  const whole = bytes & ~15;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const from = x.dataStart + row * bytes;
    const to = out.dataStart + row * bytes;
    let greatest4 = f32x4.splat(-Infinity);
    for (let at: usize = 0; at < whole; at += 16) greatest4 = f32x4.pmax(greatest4, v128.load(from + at));
    let greatest = max(
      max(f32x4.extract_lane(greatest4, 0), f32x4.extract_lane(greatest4, 1)),
      max(f32x4.extract_lane(greatest4, 2), f32x4.extract_lane(greatest4, 3)),
    );
    for (let at = whole; at < bytes; at += 4) greatest = max(greatest, load<f32>(from + at));
    greatest4 = f32x4.splat(greatest);
    let total4 = f32x4.splat(0);
    for (let at: usize = 0; at < whole; at += 16) {
      const powers = Four.exp(f32x4.sub(v128.load(from + at), greatest4));
      v128.store(to + at, powers);
      total4 = f32x4.add(total4, powers);
    }
    let total = f32x4.extract_lane(total4, 0) + f32x4.extract_lane(total4, 1);
    total += f32x4.extract_lane(total4, 2) + f32x4.extract_lane(total4, 3);
    for (let at = whole; at < bytes; at += 4) {
      const power = Mathf.exp(load<f32>(from + at) - greatest);
      store<f32>(to + at, power);
      total += power;
    }
    total4 = f32x4.splat(total);
    for (let at: usize = 0; at < whole; at += 16) v128.store(to + at, f32x4.div(v128.load(to + at), total4));
    for (let at = whole; at < bytes; at += 4) store<f32>(to + at, load<f32>(to + at) / total);
  }
  return out;
}

/** Each row of `x`, less its mean, by its deviation, times `gain`, plus `bias`; `epsilon` is added to the variance. */
export function layerNorm(
  x: Float32Array,
  gain: Float32Array,
  bias: Float32Array,
  columns: i32,
  epsilon: f32 = 1e-5,
): Float32Array {
  const rows = rowsOf("x", x.length, columns);
  checkLength("gain", gain.length, columns);
  checkLength("bias", bias.length, columns);
  const out = new Float32Array(x.length);
  const bytes = (<usize>columns) << 2;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const from = x.dataStart + row * bytes;
    const to = out.dataStart + row * bytes;
    let mean: f32 = 0;
    for (let at: usize = 0; at < bytes; at += 4) mean += load<f32>(from + at);
    mean /= <f32>columns;
    let variance: f32 = 0;
    for (let at: usize = 0; at < bytes; at += 4) {
      const difference = load<f32>(from + at) - mean;
      variance += difference * difference;
    }
    const scale: f32 = 1 / sqrt<f32>(variance / <f32>columns + epsilon);
    for (let at: usize = 0; at < bytes; at += 4) {
      const normed = (load<f32>(from + at) - mean) * scale;
      store<f32>(to + at, normed * load<f32>(gain.dataStart + at) + load<f32>(bias.dataStart + at));
    }
  }
  return out;
}
