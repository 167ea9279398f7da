/** The kernels that come with wray, as plain loops in JavaScript; `tests/kernels/std.test.ts` compares them, too. */

export function add(a: Float64Array, b: Float64Array): Float64Array {
  const sum = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) sum[i] = a[i]! + b[i]!;
  return sum;
}

export function scale(a: Float64Array, factor: number): Float64Array {
  const scaled = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) scaled[i] = a[i]! * factor;
  return scaled;
}

export function axpy(factor: number, x: Float64Array, y: Float64Array): Float64Array {
  const result = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) result[i] = factor * x[i]! + y[i]!;
  return result;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function sum(a: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]!;
  return sum;
}

/** Row by row of both, which JavaScript does several times as fast as row by column. */
export function matmul(a: Float64Array, b: Float64Array, n: number, k: number, m: number): Float64Array {
  const product = new Float64Array(n * m);
  for (let row = 0; row < n; row++) {
    for (let inner = 0; inner < k; inner++) {
      const factor = a[row * k + inner]!;
      for (let column = 0; column < m; column++) {
        product[row * m + column]! += factor * b[inner * m + column]!;
      }
    }
  }
  return product;
}

export function nbody(bodies: Float64Array, dt: number, steps: number): Float64Array {
  const moved = bodies.slice();
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < moved.length; i += 7) {
      for (let j = i + 7; j < moved.length; j += 7) {
        const dx = moved[i]! - moved[j]!;
        const dy = moved[i + 1]! - moved[j + 1]!;
        const dz = moved[i + 2]! - moved[j + 2]!;
        const squared = dx * dx + dy * dy + dz * dz;
        const pull = dt / (squared * Math.sqrt(squared));
        const otherPull = moved[j + 6]! * pull;
        const ownPull = moved[i + 6]! * pull;
        moved[i + 3]! -= dx * otherPull;
        moved[i + 4]! -= dy * otherPull;
        moved[i + 5]! -= dz * otherPull;
        moved[j + 3]! += dx * ownPull;
        moved[j + 4]! += dy * ownPull;
        moved[j + 5]! += dz * ownPull;
      }
    }
    for (let i = 0; i < moved.length; i += 7) {
      for (let axis = 0; axis < 3; axis++) moved[i + axis]! += dt * moved[i + 3 + axis]!;
    }
  }
  return moved;
}

export function pi(terms: number): number {
  let sum = 0;
  for (let i = terms - 1; i >= 0; i--) sum += (i & 1 ? -1 : 1) / (2 * i + 1);
  return 4 * sum;
}
