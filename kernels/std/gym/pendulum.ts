import { checkState, Env, numbers } from "./env";
import { Random } from "./random";

const GRAVITY: f64 = 10;
const STEP: f64 = 0.05;
const MAX_TORQUE: f64 = 2;
const MAX_SPIN: f64 = 8;

/**
 * A pendulum, a rod of 1 kg and 1 m, that is to be swung up by a torque too weak to lift it: Gymnasium's Pendulum-v1. The
 * action is the torque in N·m, of which no more than 2 are there. State: the angle from upright, and its speed;
 * observation: cosine and sine of the angle, and its speed. Nothing ends it.
 */
@final
export class Pendulum extends Env {
  private angle: f64 = 0;
  private spin: f64 = 0;

  constructor() {
    super(1, 3, 1, 200, STEP);
  }

  reset(random: Random): void {
    this.angle = random.between(-Math.PI, Math.PI);
    this.spin = random.between(-1, 1);
    this.observe();
  }

  step(): f64 {
    const torque = max<f64>(-MAX_TORQUE, min<f64>(MAX_TORQUE, this.action[0]));
    const angle = fromUpright(this.angle);
    const cost = angle * angle + 0.1 * this.spin * this.spin + 0.001 * torque * torque;
    const spin = this.spin + (1.5 * GRAVITY * Math.sin(this.angle) + 3 * torque) * STEP;
    this.spin = max<f64>(-MAX_SPIN, min<f64>(MAX_SPIN, spin));
    this.angle += this.spin * STEP;
    this.observe();
    return -cost;
  }

  state(): Float64Array {
    return numbers([this.angle, this.spin]);
  }

  restore(state: Float64Array): void {
    checkState(state, 2);
    this.angle = state[0];
    this.spin = state[1];
    this.observe();
  }

  sizes(): Float64Array {
    return numbers([0.05, 0.5]);
  }

  pose(): Float64Array {
    return numbers([-0.5 * Math.sin(this.angle), 0.5 * Math.cos(this.angle), this.angle]);
  }

  private observe(): void {
    this.observation[0] = Math.cos(this.angle);
    this.observation[1] = Math.sin(this.angle);
    this.observation[2] = this.spin;
  }
}

/** The same angle from -π to below π. */
function fromUpright(angle: f64): f64 {
  const turns = (angle + Math.PI) / (2 * Math.PI);
  return (turns - Math.floor(turns)) * 2 * Math.PI - Math.PI;
}
