import { checkState, Env, numbers } from "./env";
import { Random } from "./random";

const GRAVITY: f64 = 9.8;
const POLE_MASS: f64 = 0.1;
const TOTAL_MASS: f64 = 1.1;
const HALF_LENGTH: f64 = 0.5;
const FORCE: f64 = 10;
const STEP: f64 = 0.02;
const MAX_X: f64 = 2.4;
const MAX_ANGLE: f64 = (12 * 2 * Math.PI) / 360;

/**
 * A pole on a cart, which is pushed to the right by an action above 0 and else to the left: Barto, Sutton and Anderson,
 * "Neuronlike adaptive elements that can solve difficult learning control problems" (1983), with the constants, the
 * explicit Euler steps and the ends of Gymnasium's CartPole-v1. State and observation: x, its speed, the angle of the
 * pole from upright, clockwise, and its speed.
 */
@final
export class CartPole extends Env {
  private x: f64 = 0;
  private speed: f64 = 0;
  private angle: f64 = 0;
  private spin: f64 = 0;

  constructor() {
    super(1, 4, 1, 500, STEP);
  }

  reset(random: Random): void {
    this.x = random.between(-0.05, 0.05);
    this.speed = random.between(-0.05, 0.05);
    this.angle = random.between(-0.05, 0.05);
    this.spin = random.between(-0.05, 0.05);
    this.observe();
  }

  step(): f64 {
    const force = this.action[0] > 0 ? FORCE : -FORCE;
    const cos = Math.cos(this.angle);
    const sin = Math.sin(this.angle);
    const pull = (force + POLE_MASS * HALF_LENGTH * this.spin * this.spin * sin) / TOTAL_MASS;
    const turning =
      (GRAVITY * sin - cos * pull) / (HALF_LENGTH * (4.0 / 3.0 - (POLE_MASS * cos * cos) / TOTAL_MASS));
    const pushing = pull - (POLE_MASS * HALF_LENGTH * turning * cos) / TOTAL_MASS;
    this.x += STEP * this.speed;
    this.speed += STEP * pushing;
    this.angle += STEP * this.spin;
    this.spin += STEP * turning;
    this.observe();
    return 1;
  }

  state(): Float64Array {
    return numbers(this.observation);
  }

  restore(state: Float64Array): void {
    checkState(state, 4);
    this.x = state[0];
    this.speed = state[1];
    this.angle = state[2];
    this.spin = state[3];
    this.observe();
  }

  sizes(): Float64Array {
    return numbers([0.25, 0.15, 0.04, HALF_LENGTH]);
  }

  pose(): Float64Array {
    const x = this.x + HALF_LENGTH * Math.sin(this.angle);
    return numbers([this.x, 0, 0, x, HALF_LENGTH * Math.cos(this.angle), -this.angle]);
  }

  private observe(): void {
    this.observation[0] = this.x;
    this.observation[1] = this.speed;
    this.observation[2] = this.angle;
    this.observation[3] = this.spin;
    this.ended = Math.abs(this.x) > MAX_X || Math.abs(this.angle) > MAX_ANGLE;
  }
}
