import { Assertion } from "uvu/assert";

export type Tolerance = {
  /** Steps between neighbouring f32. */
  ulps: number;
  /** Of values smaller than this, steps as large as those of this: where large ones have cancelled each other out. */
  scale?: number;
};

/** Fails unless each value is near the expected one. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { ulps, scale = 0 }: Tolerance,
): void {
  if (actual.length !== expected.length) {
    const message = `${actual.length} values instead of ${expected.length}`;
    throw new Assertion({
      message,
      operator: "assertClose",
      expects: expected.length,
      actual: actual.length,
    });
  }
  for (let i = 0; i < expected.length; i++) {
    const [given, wanted] = [actual[i]!, expected[i]!];
    if (Object.is(given, wanted) || given === wanted) continue;
    const apart = Math.abs(given - wanted) / ulpOf(Math.max(Math.abs(wanted), scale));
    if (apart <= ulps) continue;
    const message = `value ${i} of ${expected.length} is ${given}, ${apart.toFixed(1)} ulps from ${wanted}; ${ulps} are allowed`;
    throw new Assertion({ message, operator: "assertClose", expects: wanted, actual: given });
  }
}

/** From a number to the next f32. */
function ulpOf(value: number): number {
  const smallestNormal = 2 ** -126;
  return 2 ** (Math.floor(Math.log2(Math.max(value, smallestNormal))) - 23);
}
