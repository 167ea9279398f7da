/** A number that many add to. */
@actor
export class Counter {
  private count: f64;

  constructor(start: f64 = 0) {
    this.count = start;
  }

  /** Adds, and gives the sum: exact for whole numbers up to 2⁵³. */
  incr(by: f64 = 1): f64 {
    this.count += by;
    return this.count;
  }

  @readonly
  value(): f64 {
    return this.count;
  }
}
