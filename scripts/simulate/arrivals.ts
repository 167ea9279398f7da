import type { Events } from "./events.ts";
import { gapMs, randomOf } from "./random.ts";
import { meanMs, runTimeMs, type Scenario, type SimTask } from "./workload.ts";

/** Submits the tasks of a scenario: the same ones at the same times, whoever runs them. */
export function arrive(scenario: Scenario, events: Events, submit: (task: SimTask) => void): void {
  const { hostCount, slots, load, clientCount, withInput, work, seed } = scenario;
  const random = randomOf(seed);
  const submitterCount = clientCount === 0 ? hostCount : clientCount;
  let count = 0;
  const next = (): SimTask => ({
    number: count++,
    submitter: Math.floor(random() * submitterCount),
    submittedMs: events.nowMs,
    runMs: runTimeMs(random),
    inputHost: random() < withInput ? Math.floor(random() * hostCount) : -1,
  });
  if ("count" in work) {
    events.after(0, () => {
      while (count < work.count) submit(next());
    });
    return;
  }
  const perMs = (load * hostCount * slots) / meanMs;
  const endMs = work.warmUpMs + work.forMs;
  const arrival = () => {
    submit(next());
    const gap = gapMs(random, perMs);
    if (events.nowMs + gap < endMs) events.after(gap, arrival);
  };
  events.after(gapMs(random, perMs), arrival);
}
