import { baselines } from "./baselines.ts";
import { simulate } from "./cluster.ts";
import type { Study } from "./scenarios.ts";
import type { Outcome } from "./workload.ts";

export const ideal = "ideal central queue";
const policies = { wray: simulate, ...baselines };

/** What became of one scenario under one policy. Times are in ms. */
export type Row = {
  at: number | string;
  policy: string;
  mean: number;
  p50: number;
  p99: number;
  makespan: number;
  utilisation: number;
  messages: number;
  messagesByKind: Record<string, number>;
  tasks: number;
};

export function* rowsOf({ scenarios, isOfWrayAlone }: Study): Generator<Row> {
  const compared = isOfWrayAlone ? { wray: simulate } : policies;
  for (const { at, scenario } of scenarios)
    for (const [policy, run] of Object.entries(compared)) yield rowOf(at, policy, run(scenario));
}

function rowOf(at: number | string, policy: string, outcome: Outcome): Row {
  const { waitsMs, messagesPerTask, makespanMs, utilisation, begun } = outcome;
  const percentile = (part: number) =>
    waitsMs[Math.min(waitsMs.length - 1, Math.floor(waitsMs.length * part))] ?? 0;
  const sum = (values: Iterable<number>) => [...values].reduce((total, each) => total + each, 0);
  return {
    ...{ at, policy, p50: percentile(0.5), p99: percentile(0.99), makespan: makespanMs, utilisation },
    mean: waitsMs.reduce((total, each) => total + each, 0) / waitsMs.length,
    ...{ messages: sum(Object.values(messagesPerTask)), messagesByKind: messagesPerTask, tasks: begun },
  };
}
