/**
 * How a constraint that is not met is met again: like a damped spring, of which the stiffness is told by how fast it
 * would swing, so that it is as stiff whatever hangs from it (Catto, "Soft Constraints", GDC 2011). In a step of `h`
 * seconds a spring of any stiffness is stable, since it is solved for the end of the step.
 */
@final
export class Soft {
  /** By how much of the error the speed is corrected, in 1/s. */
  readonly rate: f64;
  /** The part of the impulse of a hard constraint that is applied. */
  readonly hard: f64;
  /** The part of what has been applied so far that is taken back. */
  readonly slack: f64;

  constructor(hertz: f64, damping: f64, h: f64) {
    const omega = 2 * Math.PI * hertz;
    const a1 = 2 * damping + h * omega;
    const a2 = h * omega * a1;
    this.rate = omega / a1;
    this.slack = 1 / (1 + a2);
    this.hard = a2 * this.slack;
  }
}
