import type { Bar } from "./bar.ts";

/** One figure. What does not apply is null. */
export type Row = {
  suite: string;
  name: string;
  unit: string;
  /** Of a latency, in `unit`. */
  p50: number | null;
  p99: number | null;
  /** Of a rate or a cost, in `unit`: the median of its turns. */
  value: number | null;
  /** What the figure is compared with, which was measured in turns with it. */
  baseline: string | null;
  /** The baseline's p50 or value, in `unit`. */
  baselineValue: number | null;
  /** The figure divided by its baseline's: the median over the turns. */
  ratio: number | null;
  /** What it has to reach. */
  bar: Bar | null;
  /** How many samples, each with its result checked. */
  n: number;
};

/** A row as its suite gives it. */
export type Figure = Omit<Row, "suite">;

export type Context = {
  /** Only to see that it works: the fewest samples, which say nothing. */
  isQuick: boolean;
  /** The nats-server to run. */
  natsServer: string;
  /** Starts something that is stopped when the suite ends, however it ends. */
  start<T>(start: () => Promise<T>, stop: (started: T) => unknown): Promise<T>;
};

export type Suite = {
  name: string;
  description: string;
  run(context: Context): AsyncIterable<Figure>;
};
