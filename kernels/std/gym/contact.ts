import { Body } from "./body";
import { Soft } from "./soft";

/** How deep bodies may be in each other, in metres, so that what touches goes on touching. */
export const SLOP: f64 = 0.001;
/** How fast they are pushed apart at most, in m/s. */
export const MAX_PUSH: f64 = 3;

/** A point at which two bodies touch, or are about to. The direction is from the first to the second. */
@final
export class Contact {
  /** Which corners or sides it is of: the same while it is the same touch. -1 when there is none. */
  feature: i32 = -1;
  nx: f64 = 0;
  ny: f64 = 0;
  /** How far the bodies are from each other there; negative when they overlap. */
  distance: f64 = 0;
  private ax: f64 = 0;
  private ay: f64 = 0;
  private bx: f64 = 0;
  private by: f64 = 0;
  private normalMass: f64 = 0;
  private tangentMass: f64 = 0;

  /** Impulses of the last step, which are where the next begins. */
  normal: f64 = 0;
  tangent: f64 = 0;

  constructor(
    readonly a: Body,
    readonly b: Body,
  ) {}

  /** Puts it at a point of the plane. */
  place(x: f64, y: f64): void {
    this.ax = x - this.a.x;
    this.ay = y - this.a.y;
    this.bx = x - this.b.x;
    this.by = y - this.b.y;
  }

  begin(): void {
    const a = this.a;
    const b = this.b;
    const mass = a.inverseMass + b.inverseMass;
    const acrossA = this.ax * this.ny - this.ay * this.nx;
    const acrossB = this.bx * this.ny - this.by * this.nx;
    const alongA = this.ax * this.nx + this.ay * this.ny;
    const alongB = this.bx * this.nx + this.by * this.ny;
    this.normalMass =
      1 / (mass + a.inverseInertia * acrossA * acrossA + b.inverseInertia * acrossB * acrossB);
    this.tangentMass = 1 / (mass + a.inverseInertia * alongA * alongA + b.inverseInertia * alongB * alongB);
    this.apply(this.normal, this.tangent);
  }

  /** One turn: the bodies push each other, and rub with at most `friction` times as much. */
  solve(h: f64, friction: f64, soft: Soft | null): void {
    const before = this.normal;
    const speed = this.speedX() * this.nx + this.speedY() * this.ny;
    let change: f64;
    if (this.distance > 0) {
      change = -this.normalMass * (speed + this.distance / h);
    } else if (soft !== null) {
      const push = max<f64>(-MAX_PUSH, soft.rate * min<f64>(0, this.distance + SLOP));
      change = -soft.hard * this.normalMass * (speed + push) - soft.slack * before;
    } else {
      change = -this.normalMass * speed;
    }
    this.normal = max<f64>(0, before + change);
    this.apply(this.normal - before, 0);

    const most = friction * this.normal;
    const tangentBefore = this.tangent;
    const slip = this.speedY() * this.nx - this.speedX() * this.ny;
    this.tangent = max<f64>(-most, min<f64>(most, tangentBefore - this.tangentMass * slip));
    this.apply(0, this.tangent - tangentBefore);
  }

  private speedX(): f64 {
    return this.b.vx - this.b.spin * this.by - this.a.vx + this.a.spin * this.ay;
  }

  private speedY(): f64 {
    return this.b.vy + this.b.spin * this.bx - this.a.vy - this.a.spin * this.ax;
  }

  /** The tangent is the direction turned to the left. */
  private apply(normal: f64, tangent: f64): void {
    const px = normal * this.nx - tangent * this.ny;
    const py = normal * this.ny + tangent * this.nx;
    const a = this.a;
    const b = this.b;
    a.vx -= a.inverseMass * px;
    a.vy -= a.inverseMass * py;
    a.spin -= a.inverseInertia * (this.ax * py - this.ay * px);
    b.vx += b.inverseMass * px;
    b.vy += b.inverseMass * py;
    b.spin += b.inverseInertia * (this.bx * py - this.by * px);
  }
}
