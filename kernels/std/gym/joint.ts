import { Body } from "./body";
import { Soft } from "./soft";

/** How near a limit a joint is when it begins to be looked at, in radians. */
const NEAR: f64 = 0.25;

/**
 * Two bodies that share a point and turn around it, between two angles, and with a motor: it turns the second against
 * the first at `speed`, as far as `maxTorque` is enough.
 */
@final
export class Joint {
  /** What the motor does, in rad/s and N·m. */
  speed: f64 = 0;
  maxTorque: f64 = 0;

  /** The point as each body has it, from its middle. */
  private readonly localAx: f64;
  private readonly localAy: f64;
  private readonly localBx: f64;
  private readonly localBy: f64;
  private readonly axialMass: f64;

  /** The same as the bodies are turned, and how far the two are from each other. */
  private ax: f64 = 0;
  private ay: f64 = 0;
  private bx: f64 = 0;
  private by: f64 = 0;
  private gapX: f64 = 0;
  private gapY: f64 = 0;
  /** The inverse of the matrix by which impulses at the point change its speed. */
  private m11: f64 = 0;
  private m12: f64 = 0;
  private m22: f64 = 0;
  private toLower: f64 = 0;
  private toUpper: f64 = 0;

  /** Impulses of the last step, which are where the next begins. */
  private pointX: f64 = 0;
  private pointY: f64 = 0;
  private motor: f64 = 0;
  private lower: f64 = 0;
  private upper: f64 = 0;

  /** At a point of the plane where both are; the angles are of `b` less that of `a`. */
  constructor(
    readonly a: Body,
    readonly b: Body,
    x: f64,
    y: f64,
    readonly minAngle: f64,
    readonly maxAngle: f64,
  ) {
    this.localAx = a.cos * (x - a.x) + a.sin * (y - a.y);
    this.localAy = a.cos * (y - a.y) - a.sin * (x - a.x);
    this.localBx = b.cos * (x - b.x) + b.sin * (y - b.y);
    this.localBy = b.cos * (y - b.y) - b.sin * (x - b.x);
    this.axialMass = 1 / (a.inverseInertia + b.inverseInertia);
  }

  get angle(): f64 {
    return this.b.angle - this.a.angle;
  }

  /** How fast the angle changes, in rad/s. */
  get rate(): f64 {
    return this.b.spin - this.a.spin;
  }

  /** How far its two points are from each other as the bodies are, in metres. */
  gap(): f64 {
    this.turn();
    return Math.sqrt(this.gapX * this.gapX + this.gapY * this.gapY);
  }

  forget(): void {
    this.pointX = this.pointY = this.motor = this.lower = this.upper = 0;
  }

  /** Looks where the bodies are, and begins with the impulses of the last step. */
  begin(): void {
    this.turn();
    const a = this.a;
    const b = this.b;
    const ax = this.ax;
    const ay = this.ay;
    const bx = this.bx;
    const by = this.by;
    const mass = a.inverseMass + b.inverseMass;
    const k11 = mass + a.inverseInertia * ay * ay + b.inverseInertia * by * by;
    const k12 = -a.inverseInertia * ax * ay - b.inverseInertia * bx * by;
    const k22 = mass + a.inverseInertia * ax * ax + b.inverseInertia * bx * bx;
    const scale = 1 / (k11 * k22 - k12 * k12);
    this.m11 = k22 * scale;
    this.m12 = -k12 * scale;
    this.m22 = k11 * scale;

    const angle = b.angle - a.angle;
    this.toLower = angle - this.minAngle;
    this.toUpper = this.maxAngle - angle;
    if (this.toLower > NEAR) this.lower = 0;
    if (this.toUpper > NEAR) this.upper = 0;
    if (this.maxTorque == 0) this.motor = 0;

    const axial = this.motor + this.lower - this.upper;
    const px = this.pointX;
    const py = this.pointY;
    a.vx -= a.inverseMass * px;
    a.vy -= a.inverseMass * py;
    a.spin -= a.inverseInertia * (ax * py - ay * px + axial);
    b.vx += b.inverseMass * px;
    b.vy += b.inverseMass * py;
    b.spin += b.inverseInertia * (bx * py - by * px + axial);
  }

  /** One turn: the motor, the limits, the point. With `soft`, errors of place are corrected as well. */
  solve(h: f64, soft: Soft | null): void {
    const a = this.a;
    const b = this.b;
    const ia = a.inverseInertia;
    const ib = b.inverseInertia;
    let spinA = a.spin;
    let spinB = b.spin;
    let hard: f64 = 1;
    let slack: f64 = 0;
    let rate: f64 = 0;
    if (soft !== null) {
      hard = soft.hard;
      slack = soft.slack;
      rate = soft.rate;
    }

    if (this.maxTorque > 0) {
      const most = h * this.maxTorque;
      const before = this.motor;
      const after = max<f64>(-most, min<f64>(most, before - this.axialMass * (spinB - spinA - this.speed)));
      this.motor = after;
      spinA -= ia * (after - before);
      spinB += ib * (after - before);
    }
    if (this.toLower <= NEAR) {
      const before = this.lower;
      const after = max<f64>(
        0,
        before + this.limit(this.toLower, spinB - spinA, before, h, hard, slack, rate),
      );
      this.lower = after;
      spinA -= ia * (after - before);
      spinB += ib * (after - before);
    }
    if (this.toUpper <= NEAR) {
      const before = this.upper;
      const after = max<f64>(
        0,
        before + this.limit(this.toUpper, spinA - spinB, before, h, hard, slack, rate),
      );
      this.upper = after;
      spinA += ia * (after - before);
      spinB -= ib * (after - before);
    }

    const ax = this.ax;
    const ay = this.ay;
    const bx = this.bx;
    const by = this.by;
    // A point that turns ends up farther in than its speed leads: with half of that here, the speed is that along the
    // chord of the step, and turning takes no energy away.
    const inA = 0.5 * h * spinA * spinA;
    const inB = 0.5 * h * spinB * spinB;
    const vx = b.vx - spinB * by - inB * bx - a.vx + spinA * ay + inA * ax + rate * this.gapX;
    const vy = b.vy + spinB * bx - inB * by - a.vy - spinA * ax + inA * ay + rate * this.gapY;
    const px = -hard * (this.m11 * vx + this.m12 * vy) - slack * this.pointX;
    const py = -hard * (this.m12 * vx + this.m22 * vy) - slack * this.pointY;
    this.pointX += px;
    this.pointY += py;
    a.vx -= a.inverseMass * px;
    a.vy -= a.inverseMass * py;
    a.spin = spinA - ia * (ax * py - ay * px);
    b.vx += b.inverseMass * px;
    b.vy += b.inverseMass * py;
    b.spin = spinB + ib * (bx * py - by * px);
  }

  /** What a limit adds that is `left` away: before it is reached, so much that it will not be passed in this step. */
  // @ts-ignore: decorator
  @inline
  private limit(left: f64, speed: f64, before: f64, h: f64, hard: f64, slack: f64, rate: f64): f64 {
    if (left > 0) return -this.axialMass * (speed + left / h);
    return -hard * this.axialMass * (speed + rate * left) - slack * before;
  }

  private turn(): void {
    const a = this.a;
    const b = this.b;
    this.ax = a.cos * this.localAx - a.sin * this.localAy;
    this.ay = a.sin * this.localAx + a.cos * this.localAy;
    this.bx = b.cos * this.localBx - b.sin * this.localBy;
    this.by = b.sin * this.localBx + b.cos * this.localBy;
    this.gapX = b.x + this.bx - a.x - this.ax;
    this.gapY = b.y + this.by - a.y - this.ay;
  }
}
