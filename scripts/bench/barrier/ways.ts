import type { Client, ObjectRef } from "wray";
import type { Mass, Pushed } from "./plain-rollout.ts";

type Times = { startMs: number; endMs: number };
export type Rollout = Mass & Times;
export type Decision = Pushed & Times;

/** The same kernels, wherever they run. */
export type Kernels = {
  wray: Client;
  simulate(from: ObjectRef<Decision> | Decision, steps: number): ObjectRef<Rollout>;
  decide(seen: ObjectRef<Rollout>): ObjectRef<Decision>;
};

/** One step of an environment: a simulation from a decision, and the next decision. */
export type Step = {
  from: ObjectRef<Decision> | Decision;
  length: number;
  seen: ObjectRef<Rollout>;
  decision: ObjectRef<Decision>;
};

/** Runs steps of so many lengths, of several environments that begin with these decisions. */
export type Way = (kernels: Kernels, begins: Decision[], lengths: number[]) => Promise<Step[]>;

/** Whoever is done first goes on: its decision and its next simulation are submitted at once. */
export const noBarrier: Way = async ({ wray, simulate, decide }, begins, lengths) => {
  const steps: Step[] = [];
  const running = new Map<ObjectRef<Rollout>, Omit<Step, "seen" | "decision">>();
  let next = 0;
  const begin = (from: Step["from"]) => {
    const length = lengths[next++];
    if (length !== undefined) running.set(simulate(from, length), { from, length });
  };
  for (const from of begins) begin(from);
  while (running.size > 0) {
    const [seen] = (await wray.wait([...running.keys()])).ready;
    const step = { ...running.get(seen!)!, seen: seen!, decision: decide(seen!) };
    running.delete(step.seen);
    steps.push(step);
    begin(step.decision);
  }
  await all(
    wray,
    steps.map(({ decision }) => decision),
  );
  return steps;
};

/** All simulations of a stage, then all decisions. */
export const withBarrier: Way = async ({ wray, simulate, decide }, begins, lengths) => {
  const steps: Step[] = [];
  let froms: Step["from"][] = begins;
  for (let next = 0; next < lengths.length; next += begins.length) {
    const stage = lengths
      .slice(next, next + begins.length)
      .map((length, place) => ({ from: froms[place]!, length, seen: simulate(froms[place]!, length) }));
    await all(
      wray,
      stage.map(({ seen }) => seen),
    );
    const decided = stage.map((step) => ({ ...step, decision: decide(step.seen) }));
    froms = decided.map(({ decision }) => decision);
    await all(
      wray,
      decided.map(({ decision }) => decision),
    );
    steps.push(...decided);
  }
  return steps;
};

/** One task after the other. */
export const oneByOne: Way = async ({ wray, simulate, decide }, begins, lengths) => {
  const froms: Step["from"][] = [...begins];
  return lengths.map((length, index) => {
    const place = index % begins.length;
    const from = froms[place]!;
    const seen = simulate(from, length);
    wray.getSync(seen);
    const decision = decide(seen);
    wray.getSync(decision);
    froms[place] = decision;
    return { from, length, seen, decision };
  });
};

const all = (wray: Client, refs: ObjectRef[]) => wray.wait(refs, { numReturns: refs.length });
