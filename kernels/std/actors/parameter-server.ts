/**
 * Parameters that many workers train, in one of two ways: each applies its gradient when it has one (`apply`), or all of
 * them push one in each round, and their mean is applied when the last has come (`push`).
 */
@actor
export class ParameterServer {
  private values: Float64Array;
  /** What each worker has pushed in this round. */
  private pushed: StaticArray<Float64Array | null>;
  private pushedCount: i32 = 0;
  private roundCount: i32 = 0;
  private stepCount: i32 = 0;

  /**
   * @param values what the parameters are in the beginning
   * @param workers how many push in each round
   * @param rate what the mean of a round is multiplied by
   */
  constructor(
    values: Float64Array,
    workers: i32 = 1,
    private rate: f64 = 1,
  ) {
    if (workers < 1) throw new RangeError(`1 worker or more push in a round, not ${workers}`);
    this.values = values;
    this.pushed = new StaticArray<Float64Array | null>(workers);
  }

  @readonly
  get(): Float64Array {
    return this.values;
  }

  /** Begins anew from here; what was pushed in the round that is under way is dropped. */
  set(values: Float64Array): void {
    this.check(values);
    this.values = values;
    this.endRound();
  }

  /** Goes down a gradient at once: each parameter less `rate` times its slope. How many steps there were with this one. */
  apply(gradient: Float64Array, rate: f64): i32 {
    this.check(gradient);
    this.step(gradient, rate);
    return this.stepCount;
  }

  /**
   * Gives the gradient of a worker, numbered from 0, for the round that is under way. The last of a round applies their
   * mean: the sum from the first worker to the last, whoever came first, divided by their number. A worker pushes once
   * a round, and again fails.
   * @returns the round, from 1; it is applied once `rounds()` says as much
   */
  push(worker: i32, gradient: Float64Array): i32 {
    this.check(gradient);
    const length = this.pushed.length;
    if (worker < 0 || worker >= length)
      throw new RangeError(`workers are numbered from 0 to ${length - 1}, and none is ${worker}`);
    const round = this.roundCount + 1;
    if (this.pushed[worker] !== null)
      throw new Error(`worker ${worker} has pushed in round ${round} already`);
    this.pushed[worker] = gradient;
    if (++this.pushedCount == length) {
      this.step(this.mean(), this.rate);
      this.roundCount = round;
      this.endRound();
    }
    return round;
  }

  /** How many rounds are complete. */
  @readonly
  rounds(): i32 {
    return this.roundCount;
  }

  /** How often a gradient was applied, or the mean of a round. */
  @readonly
  steps(): i32 {
    return this.stepCount;
  }

  private step(gradient: Float64Array, rate: f64): void {
    for (let i = 0; i < gradient.length; i++) this.values[i] -= rate * gradient[i];
    this.stepCount++;
  }

  /** In the first worker's array, which nobody needs any more. */
  private mean(): Float64Array {
    const workers = this.pushed.length;
    const mean = this.pushed[0]!;
    for (let worker = 1; worker < workers; worker++) {
      const gradient = this.pushed[worker]!;
      for (let i = 0; i < mean.length; i++) mean[i] += gradient[i];
    }
    for (let i = 0; i < mean.length; i++) mean[i] /= workers;
    return mean;
  }

  private endRound(): void {
    this.pushed.fill(null);
    this.pushedCount = 0;
  }

  private check(values: Float64Array): void {
    const length = this.values.length;
    if (values.length != length)
      throw new RangeError(`there are ${length} parameters, and ${values.length} numbers were given`);
  }
}
