import { Random } from "./random";

/** What an agent acts in. It has one observation and one action, whose numbers are overwritten step by step. */
export abstract class Env {
  readonly observation: StaticArray<f64>;
  readonly action: StaticArray<f64>;
  /** Whether the episode has come to an end by what has happened in it. */
  ended: bool = false;

  /**
   * @param rows of how many parts it is that are alike, such as legs: each has a row of the observation and one of the
   *   action, and a policy decides for each as for all others
   * @param observations how many numbers a row of the observation has
   * @param actions how many numbers a row of the action has
   * @param maxSteps after how many steps an episode is broken off
   * @param stepSeconds how long a step is
   */
  constructor(
    readonly rows: i32,
    readonly observations: i32,
    readonly actions: i32,
    readonly maxSteps: i32,
    readonly stepSeconds: f64,
  ) {
    this.observation = new StaticArray<f64>(rows * observations);
    this.action = new StaticArray<f64>(rows * actions);
  }

  /** Begins an episode, and observes. */
  abstract reset(random: Random): void;
  /** Does the action for one step, observes, and returns the reward. */
  abstract step(): f64;
  /** How far forward it has come since the beginning, in metres; 0 where nothing goes forward. */
  distance(): f64 {
    return 0;
  }

  /** All that the next step depends on, or for robots all but the impulses of the last one. */
  abstract state(): Float64Array;
  /** Goes on from a state as `state` gives it, and observes. */
  abstract restore(state: Float64Array): void;

  /** The boxes to draw: half the width and half the height of each. */
  abstract sizes(): Float64Array;
  /** Where they are: x, y and angle of each, in metres and radians. */
  abstract pose(): Float64Array;
}

/** The numbers in an array that can cross. */
export function numbers(values: StaticArray<f64>): Float64Array {
  const copy = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) copy[i] = values[i];
  return copy;
}

export function checkState(state: Float64Array, length: i32): void {
  if (state.length != length) throw new RangeError(`a state has ${length} numbers here, not ${state.length}`);
}
