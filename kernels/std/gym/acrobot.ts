import { checkState, Env, numbers } from "./env";
import { Random } from "./random";

const GRAVITY: f64 = 9.8;
/** Of both links: 1 kg, 1 m, with the middle of the mass in the middle, and 1 kg·m² around that. */
const MIDDLE: f64 = 0.5;
const INERTIA: f64 = 1;
const STEP: f64 = 0.2;
const MAX_SPIN_1: f64 = 4 * Math.PI;
const MAX_SPIN_2: f64 = 9 * Math.PI;

/**
 * Two links that hang from a point, with a motor between them, of which the free end is to be swung above a height of 1 m
 * over the point: Sutton, "Generalization in reinforcement learning" (1996), with the equations of Sutton and Barto's
 * book, the constants, the fourth-order Runge-Kutta steps and the ends of Gymnasium's Acrobot-v1. The action is rounded
 * to -1, 0 or 1 N·m. State: the angle of the first link from hanging, that of the second from the first, and their
 * speeds; observation: cosines and sines of both angles, and the speeds.
 */
@final
export class Acrobot extends Env {
  private angle1: f64 = 0;
  private angle2: f64 = 0;
  private spin1: f64 = 0;
  private spin2: f64 = 0;
  /** The accelerations that `accelerate` has found last. */
  private change1: f64 = 0;
  private change2: f64 = 0;

  constructor() {
    super(1, 6, 1, 500, STEP);
  }

  /** Single precision is what Gymnasium begins with. */
  reset(random: Random): void {
    this.angle1 = <f32>random.between(-0.1, 0.1);
    this.angle2 = <f32>random.between(-0.1, 0.1);
    this.spin1 = <f32>random.between(-0.1, 0.1);
    this.spin2 = <f32>random.between(-0.1, 0.1);
    this.observe();
  }

  step(): f64 {
    const torque = max<f64>(-1, min<f64>(1, nearest(this.action[0])));
    const angle1 = this.angle1;
    const angle2 = this.angle2;
    const spin1 = this.spin1;
    const spin2 = this.spin2;
    // The slopes at the beginning, twice in the middle, and at the end; weighed 1, 2, 2 and 1.
    let slope1 = spin1;
    let slope2 = spin2;
    this.accelerate(angle1, angle2, spin1, spin2, torque);
    let sum1 = slope1;
    let sum2 = slope2;
    let sumSpin1 = this.change1;
    let sumSpin2 = this.change2;
    for (let stage = 1; stage < 4; stage++) {
      const part = stage < 3 ? 0.5 * STEP : STEP;
      const nextSpin1 = spin1 + part * this.change1;
      const nextSpin2 = spin2 + part * this.change2;
      this.accelerate(angle1 + part * slope1, angle2 + part * slope2, nextSpin1, nextSpin2, torque);
      slope1 = nextSpin1;
      slope2 = nextSpin2;
      const weight: f64 = stage < 3 ? 2 : 1;
      sum1 += weight * slope1;
      sum2 += weight * slope2;
      sumSpin1 += weight * this.change1;
      sumSpin2 += weight * this.change2;
    }
    this.angle1 = wrap(angle1 + (STEP / 6.0) * sum1);
    this.angle2 = wrap(angle2 + (STEP / 6.0) * sum2);
    this.spin1 = max<f64>(-MAX_SPIN_1, min<f64>(MAX_SPIN_1, spin1 + (STEP / 6.0) * sumSpin1));
    this.spin2 = max<f64>(-MAX_SPIN_2, min<f64>(MAX_SPIN_2, spin2 + (STEP / 6.0) * sumSpin2));
    this.observe();
    return this.ended ? 0 : -1;
  }

  state(): Float64Array {
    return numbers([this.angle1, this.angle2, this.spin1, this.spin2]);
  }

  restore(state: Float64Array): void {
    checkState(state, 4);
    this.angle1 = state[0];
    this.angle2 = state[1];
    this.spin1 = state[2];
    this.spin2 = state[3];
    this.observe();
  }

  sizes(): Float64Array {
    return numbers([0.05, 0.5, 0.05, 0.5]);
  }

  pose(): Float64Array {
    const sin1 = Math.sin(this.angle1);
    const cos1 = Math.cos(this.angle1);
    const both = this.angle1 + this.angle2;
    const x = sin1 + MIDDLE * Math.sin(both);
    const y = -cos1 - MIDDLE * Math.cos(both);
    return numbers([MIDDLE * sin1, -MIDDLE * cos1, this.angle1, x, y, both]);
  }

  private accelerate(angle1: f64, angle2: f64, spin1: f64, spin2: f64, torque: f64): void {
    const cos2 = Math.cos(angle2);
    const sin2 = Math.sin(angle2);
    const d1 = MIDDLE * MIDDLE + (1 + MIDDLE * MIDDLE + 2 * MIDDLE * cos2) + 2 * INERTIA;
    const d2 = MIDDLE * MIDDLE + MIDDLE * cos2 + INERTIA;
    const phi2 = MIDDLE * GRAVITY * Math.cos(angle1 + angle2 - Math.PI / 2);
    const phi1 =
      -MIDDLE * spin2 * spin2 * sin2 -
      2 * MIDDLE * spin2 * spin1 * sin2 +
      (MIDDLE + 1) * GRAVITY * Math.cos(angle1 - Math.PI / 2) +
      phi2;
    this.change2 =
      (torque + (d2 / d1) * phi1 - MIDDLE * spin1 * spin1 * sin2 - phi2) /
      (MIDDLE * MIDDLE + INERTIA - (d2 * d2) / d1);
    this.change1 = -(d2 * this.change2 + phi1) / d1;
  }

  private observe(): void {
    this.observation[0] = Math.cos(this.angle1);
    this.observation[1] = Math.sin(this.angle1);
    this.observation[2] = Math.cos(this.angle2);
    this.observation[3] = Math.sin(this.angle2);
    this.observation[4] = this.spin1;
    this.observation[5] = this.spin2;
    this.ended = -Math.cos(this.angle1) - Math.cos(this.angle1 + this.angle2) > 1;
  }
}

/** The same angle from -π to π. */
function wrap(angle: f64): f64 {
  let wrapped = angle;
  while (wrapped > Math.PI) wrapped -= 2 * Math.PI;
  while (wrapped < -Math.PI) wrapped += 2 * Math.PI;
  return wrapped;
}
