import type { LearnOptions } from "./learn.ts";

/** What each environment is learned with, as found by trying. */
export const presets: Record<string, LearnOptions> = {
  walker: {
    env: "walker",
    generations: 1_500,
    pairs: 16,
    memory: 16,
    top: 8,
    sigma: 0.03,
    rate: 0.03,
    tryEvery: 25,
    tryEpisodes: 40,
    staysUp: true,
  },
  hopper: {
    env: "hopper",
    generations: 1_500,
    pairs: 16,
    memory: 16,
    top: 8,
    sigma: 0.03,
    rate: 0.03,
    tryEvery: 25,
    tryEpisodes: 40,
    staysUp: true,
  },
  "cart-pole": {
    env: "cart-pole",
    generations: 40,
    pairs: 8,
    memory: 8,
    top: 4,
    sigma: 0.1,
    rate: 0.05,
    tryEvery: 5,
  },
};
