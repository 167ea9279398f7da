import type { LearnOptions } from "../../examples/learn-to-run/learn.ts";
import { presets } from "../../examples/learn-to-run/presets.ts";

/** About so many points make a curve. */
const trialCount = 250;
/** Trials are more frequent here than those that presets are for, and so have fewer episodes. */
const mostEpisodes = 20;

/**
 * What to learn with: a preset, for so many generations, with trials as often as a curve wants them.
 * @throws RangeError when there is no such preset, or no such number
 */
export function learnOptions(env: string, seed: number, generations?: number): LearnOptions {
  const preset = presets[env];
  if (preset === undefined) {
    throw new RangeError(`--env must be one of ${Object.keys(presets).join(", ")}, but is ${env}`);
  }
  const count = checkInteger("--generations", generations ?? preset.generations, 1);
  return {
    ...preset,
    seed: checkInteger("--seed", seed, 0),
    generations: count,
    tryEvery: Math.min(preset.tryEvery ?? Number.POSITIVE_INFINITY, Math.ceil(count / trialCount)),
    tryEpisodes: Math.min(preset.tryEpisodes ?? mostEpisodes, mostEpisodes),
  };
}

/** @throws RangeError when it is none, or out of range */
export function checkInteger(
  name: string,
  value: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new RangeError(`${name} must be an integer ${range}, but is ${value}`);
}
