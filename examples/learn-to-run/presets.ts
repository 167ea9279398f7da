import type { LearnOptions } from "./learn.ts";

/** What each environment is learned with, as found by trying. */
export const presets: Record<string, LearnOptions> = {
  walker: { env: "walker", generations: 600, pairs: 32, top: 16, sigma: 0.04, rate: 0.03, tryEvery: 20 },
  hopper: { env: "hopper", generations: 300, pairs: 32, top: 16, sigma: 0.04, rate: 0.03, tryEvery: 10 },
  "cart-pole": { env: "cart-pole", generations: 40, pairs: 8, top: 4, sigma: 0.1, rate: 0.05, tryEvery: 5 },
};
