import { Body } from "./body";
import { MAX_PUSH, SLOP } from "./contact";
import { Soft } from "./soft";

/** A corner of a body and the ground, which is level at a height of 0. */
@final
export class GroundContact {
  private readonly localX: f64;
  private readonly localY: f64;

  /** From the middle of the body to the corner, and how high that is. */
  private x: f64 = 0;
  private y: f64 = 0;
  private height: f64 = 0;
  private normalMass: f64 = 0;
  private tangentMass: f64 = 0;

  /** Impulses of the last step, which are where the next begins. */
  normal: f64 = 0;
  private tangent: f64 = 0;

  constructor(
    readonly body: Body,
    right: f64,
    up: f64,
  ) {
    this.localX = right * body.halfWidth;
    this.localY = up * body.halfHeight;
  }

  forget(): void {
    this.normal = this.tangent = 0;
  }

  /** Whether the corner is lower than `margin`; then it begins with the impulses of the last step. */
  begin(margin: f64): bool {
    const body = this.body;
    const y = body.sin * this.localX + body.cos * this.localY;
    const height = body.y + y;
    if (height > margin) {
      this.normal = this.tangent = 0;
      return false;
    }
    const x = body.cos * this.localX - body.sin * this.localY;
    this.x = x;
    this.y = y;
    this.height = height;
    this.normalMass = 1 / (body.inverseMass + body.inverseInertia * x * x);
    this.tangentMass = 1 / (body.inverseMass + body.inverseInertia * y * y);
    body.vx += body.inverseMass * this.tangent;
    body.vy += body.inverseMass * this.normal;
    body.spin += body.inverseInertia * (x * this.normal - y * this.tangent);
    return true;
  }

  /** One turn: the ground pushes, and rubs with at most `friction` times as much. */
  solve(h: f64, friction: f64, soft: Soft | null): void {
    const body = this.body;
    const speed = body.vy + body.spin * this.x;
    const before = this.normal;
    let change: f64;
    if (this.height > 0) {
      change = -this.normalMass * (speed + this.height / h);
    } else if (soft !== null) {
      const push = max<f64>(-MAX_PUSH, soft.rate * min<f64>(0, this.height + SLOP));
      change = -soft.hard * this.normalMass * (speed + push) - soft.slack * before;
    } else {
      change = -this.normalMass * speed;
    }
    const normal = max<f64>(0, before + change);
    change = normal - before;
    this.normal = normal;
    body.vy += body.inverseMass * change;
    body.spin += body.inverseInertia * this.x * change;

    const most = friction * normal;
    const tangentBefore = this.tangent;
    const slip = body.vx - body.spin * this.y;
    const tangent = max<f64>(-most, min<f64>(most, tangentBefore - this.tangentMass * slip));
    change = tangent - tangentBefore;
    this.tangent = tangent;
    body.vx += body.inverseMass * change;
    body.spin -= body.inverseInertia * this.y * change;
  }
}
