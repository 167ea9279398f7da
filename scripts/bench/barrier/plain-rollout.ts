/** The kernels of `kernels/rollout.ts` in JavaScript: the same numbers, to the last bit. */

export type Mass = { x: number; v: number };
export type Pushed = Mass & { force: number };

export function simulate({ x, v, force }: Pushed, steps: number): Mass {
  for (let step = 0; step < steps; step++) {
    v += dt * (force - 0.1 * v - x - x * x * x);
    x += dt * v;
  }
  return { x, v };
}

export function decide({ x, v }: Mass): Pushed {
  const first = Float64Array.from({ length: width }, (_, i) => squashed(weight(i, 0) * x + weight(i, 1) * v));
  let force = 0;
  for (let i = 0; i < width; i++) {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += weight(i, j) * first[j]!;
    force += weight(i, i) * squashed(sum);
  }
  return { x, v, force: squashed(force) };
}

const dt = 0.01;
const width = 256;
const squashed = (x: number) => x / (1 + Math.abs(x));
const weight = (i: number, j: number) => (((i * 31 + j * 17) & 63) - 32) / 256;
