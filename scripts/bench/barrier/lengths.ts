import { normal, randomOf } from "../../simulate/random.ts";

/** About 10 ms here. */
const medianSteps = 1_250_000;
/** Most simulations are over soon, and a few go on for long. */
const sigma = 1.5;

/** How many steps each simulation has, lognormal; always the same. */
export function lengths(count: number): number[] {
  const random = randomOf(2017);
  return Array.from({ length: count }, () => Math.round(medianSteps * Math.exp(sigma * normal(random))));
}
