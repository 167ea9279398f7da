/** Vectors of doubles. Lengths are checked once, then elements are read unchecked. */

/** Element by element. */
export function add(a: Float64Array, b: Float64Array): Float64Array {
  checkLengths("add", a, b);
  const sum = new Float64Array(a.length);
  for (let i = 0, n = a.length; i < n; i++) unchecked((sum[i] = a[i] + b[i]));
  return sum;
}

/** Every element times `factor`. */
export function scale(a: Float64Array, factor: f64): Float64Array {
  const scaled = new Float64Array(a.length);
  for (let i = 0, n = a.length; i < n; i++) unchecked((scaled[i] = a[i] * factor));
  return scaled;
}

/** `factor * x + y`, element by element. */
export function axpy(factor: f64, x: Float64Array, y: Float64Array): Float64Array {
  checkLengths("axpy", x, y);
  const result = new Float64Array(x.length);
  for (let i = 0, n = x.length; i < n; i++) unchecked((result[i] = factor * x[i] + y[i]));
  return result;
}

export function dot(a: Float64Array, b: Float64Array): f64 {
  checkLengths("dot", a, b);
  let sum: f64 = 0;
  for (let i = 0, n = a.length; i < n; i++) sum += unchecked(a[i] * b[i]);
  return sum;
}

export function sum(a: Float64Array): f64 {
  let sum: f64 = 0;
  for (let i = 0, n = a.length; i < n; i++) sum += unchecked(a[i]);
  return sum;
}

function checkLengths(kernel: string, a: Float64Array, b: Float64Array): void {
  if (a.length != b.length) {
    throw new Error(
      `vector/${kernel} takes vectors of one length, and was given ${a.length} and ${b.length} elements`,
    );
  }
}
