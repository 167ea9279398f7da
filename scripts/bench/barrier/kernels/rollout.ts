// What reinforcement learning does over and over: a simulation from one decision to the next, and the policy that
// decides. `plain-rollout.ts` is the same in JavaScript, to the last bit. Both tell when they began and ended.
import { clock } from "wray/kernels/sdk";

const DT: f64 = 0.01;
const WIDTH: i32 = 256;

/** How hard to push a mass that is where it is. */
export class Decision {
  x: f64 = 0;
  v: f64 = 0;
  force: f64 = 0;
  startMs: f64 = 0;
  endMs: f64 = 0;
}

/** Where a mass has come to. */
export class Rollout {
  x: f64 = 0;
  v: f64 = 0;
  startMs: f64 = 0;
  endMs: f64 = 0;
}

/** So many steps of a mass on a spring that hardens, pushed all the while. */
export function simulate(from: Decision, steps: i32): Rollout {
  const rollout = new Rollout();
  rollout.startMs = clock();
  let x = from.x;
  let v = from.v;
  const force = from.force;
  for (let step = 0; step < steps; step++) {
    v += DT * (force - 0.1 * v - x - x * x * x);
    x += DT * v;
  }
  rollout.x = x;
  rollout.v = v;
  rollout.endMs = clock();
  return rollout;
}

/** A layer of 256, one of 256 and the decision, with weights that follow from their places. */
export function decide(seen: Rollout): Decision {
  const decision = new Decision();
  decision.startMs = clock();
  const first = new StaticArray<f64>(WIDTH);
  for (let i = 0; i < WIDTH; i++) first[i] = squashed(weight(i, 0) * seen.x + weight(i, 1) * seen.v);
  let force: f64 = 0;
  for (let i = 0; i < WIDTH; i++) {
    let sum: f64 = 0;
    for (let j = 0; j < WIDTH; j++) sum += weight(i, j) * unchecked(first[j]);
    force += weight(i, i) * squashed(sum);
  }
  decision.x = seen.x;
  decision.v = seen.v;
  decision.force = squashed(force);
  decision.endMs = clock();
  return decision;
}

function squashed(x: f64): f64 {
  return x / (1 + Math.abs(x));
}

function weight(i: i32, j: i32): f64 {
  return <f64>(((i * 31 + j * 17) & 63) - 32) / 256;
}
