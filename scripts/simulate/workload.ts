import { normal } from "./random.ts";

/** Times of tasks: lognormal, in ms on a host of speed 1. */
export const medianMs = 1;
export const sigma = 1.5;
export const meanMs = medianMs * Math.exp(sigma ** 2 / 2);

export const runTimeMs = (random: () => number): number => medianMs * Math.exp(sigma * normal(random));

/** What a message takes, in ms: at least, and how much more at most. */
const leastDelayMs = 0.1;
const moreDelayMs = 0.2;

export const delayMs = (random: () => number): number => leastDelayMs + moreDelayMs * random();

/** What is simulated. */
export type Scenario = {
  hostCount: number;
  slots: number;
  /** Part of what the hosts together can do. */
  load: number;
  /** Speeds that hosts have in turn; their mean is 1. */
  speeds: readonly number[];
  /** How many programs submit tasks; none: each host submits its share. */
  clientCount: number;
  /** Part of the tasks that take an object of some other host, and its size. */
  withInput: number;
  inputBytes: number;
  /** When this part of the hosts dies. */
  deaths: { atMs: number; part: number } | undefined;
  /** How long tasks are submitted, after a time that does not count; or how many, all at once. */
  work: { forMs: number; warmUpMs: number } | { count: number };
  seed: number;
};

export const speedOf = ({ speeds }: Scenario, host: number): number => speeds[host % speeds.length]!;

/** One task of a simulation. */
export type SimTask = {
  number: number;
  submitter: number;
  submittedMs: number;
  runMs: number;
  /** The host that has its input, or -1. */
  inputHost: number;
};

/** What became of a simulation. */
export type Outcome = {
  /** How long tasks waited until they were begun, in ms. */
  waitsMs: Float64Array;
  /** From the first submission to the last end. */
  makespanMs: number;
  /** How much of the time of all cpus was used. */
  utilisation: number;
  /** For each task, by kind, beside the one with its result. */
  messagesPerTask: Record<string, number>;
  submitted: number;
  ended: number;
  /** How often a task was begun. */
  begun: number;
};
