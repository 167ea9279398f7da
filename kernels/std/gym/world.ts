import { Body } from "./body";
import { BoxPair } from "./boxes";
import { Contact } from "./contact";
import { GroundContact } from "./ground";
import { Joint } from "./joint";
import { Soft } from "./soft";

/** How far bodies are from each other when it begins to be looked at whether they will touch, in metres. */
const MARGIN: f64 = 0.02;

/**
 * Boxes, joints and level ground at a height of 0. A step solves for impulses one constraint after the other, from those
 * of the step before (Catto, "Iterative Dynamics with Temporal Coherence", 2005). Steps are small and few turns enough
 * (Macklin and others, "Small Steps in Physics Simulation", 2019). Errors of place are corrected softly, and after the
 * bodies were moved a last turn takes the speed away that the correction has brought (Catto, "Solver2D", 2024).
 * Everything is done in the order in which it was added, so that a run is the same to the last bit each time.
 */
@final
export class World {
  readonly bodies: Body[] = [];
  readonly joints: Joint[] = [];
  readonly corners: GroundContact[] = [];
  private readonly pairs: BoxPair[] = [];
  /** Those that touch in this step. */
  private readonly grounded: GroundContact[] = [];
  private readonly touching: Contact[] = [];
  private groundedCount: i32 = 0;
  private readonly jointSoft: Soft;
  private readonly contactSoft: Soft;
  private readonly groundSoft: Soft;
  gravityX: f64 = 0;
  gravityY: f64 = -9.81;
  friction: f64 = 0.8;

  /** @param h how long a step is, in s @param turns how often it goes over the constraints before bodies move */
  constructor(
    readonly h: f64,
    readonly turns: i32 = 1,
  ) {
    this.jointSoft = new Soft(min<f64>(60, 0.3 / h), 2, h);
    this.contactSoft = new Soft(min<f64>(30, 0.25 / h), 10, h);
    // It does not give way, so it may be stiffer.
    this.groundSoft = new Soft(0.5 / h, 1, h);
  }

  /** A box, which the ground stops. One without a mass is held. */
  add(x: f64, y: f64, angle: f64, halfWidth: f64, halfHeight: f64, mass: f64): Body {
    const body = new Body(x, y, angle, halfWidth, halfHeight, mass);
    this.bodies.push(body);
    if (mass > 0) {
      for (let corner = 0; corner < 4; corner++) {
        const contact = new GroundContact(body, corner & 1 ? 1 : -1, corner & 2 ? 1 : -1);
        this.corners.push(contact);
        this.grounded.push(contact);
      }
    }
    return body;
  }

  /** Two bodies turn around a point of the plane. */
  join(a: Body, b: Body, x: f64, y: f64, minAngle: f64 = -Infinity, maxAngle: f64 = Infinity): Joint {
    const joint = new Joint(a, b, x, y, minAngle, maxAngle);
    this.joints.push(joint);
    return joint;
  }

  /** Lets two bodies stop each other; else they pass through. */
  collide(a: Body, b: Body): void {
    this.pairs.push(new BoxPair(a, b));
  }

  /** Forgets the impulses of the last step, for bodies that were put elsewhere. */
  forget(): void {
    for (let i = 0; i < this.joints.length; i++) this.joints[i].forget();
    for (let i = 0; i < this.corners.length; i++) this.corners[i].forget();
    for (let i = 0; i < this.pairs.length; i++) this.pairs[i].forget();
  }

  step(): void {
    const h = this.h;
    const bodies = this.bodies;
    for (let i = 0, count = bodies.length; i < count; i++) {
      const body = unchecked(bodies[i]);
      if (body.inverseMass == 0) continue;
      body.vx += h * this.gravityX;
      body.vy += h * this.gravityY;
    }
    this.begin();
    for (let turn = 0; turn < this.turns; turn++)
      this.solve(this.jointSoft, this.contactSoft, this.groundSoft);
    for (let i = 0, count = bodies.length; i < count; i++) unchecked(bodies[i]).move(h);
    this.solve(null, null, null);
  }

  /** The energy of all bodies, in J. */
  energy(): f64 {
    let total: f64 = 0;
    for (let i = 0; i < this.bodies.length; i++) total += this.bodies[i].energy(-this.gravityY);
    return total;
  }

  private begin(): void {
    const joints = this.joints;
    for (let i = 0, count = joints.length; i < count; i++) unchecked(joints[i]).begin();
    let grounded = 0;
    const corners = this.corners;
    for (let i = 0, count = corners.length; i < count; i += 4) {
      const body = unchecked(corners[i]).body;
      const isHigh = body.y - body.radius > MARGIN;
      for (let corner = i; corner < i + 4; corner++) {
        const contact = unchecked(corners[corner]);
        if (isHigh) contact.forget();
        else if (contact.begin(MARGIN)) unchecked((this.grounded[grounded++] = contact));
      }
    }
    this.groundedCount = grounded;
    this.touching.length = 0;
    const pairs = this.pairs;
    for (let i = 0, count = pairs.length; i < count; i++) {
      const pair = unchecked(pairs[i]);
      pair.find(MARGIN);
      this.touch(pair.first);
      this.touch(pair.second);
    }
  }

  private touch(contact: Contact): void {
    if (contact.feature < 0) return;
    contact.begin();
    this.touching.push(contact);
  }

  private solve(jointSoft: Soft | null, contactSoft: Soft | null, groundSoft: Soft | null): void {
    const h = this.h;
    const joints = this.joints;
    for (let i = 0, count = joints.length; i < count; i++) unchecked(joints[i]).solve(h, jointSoft);
    const touching = this.touching;
    for (let i = 0, count = touching.length; i < count; i++) {
      unchecked(touching[i]).solve(h, this.friction, contactSoft);
    }
    const grounded = this.grounded;
    for (let i = 0, count = this.groundedCount; i < count; i++) {
      unchecked(grounded[i]).solve(h, this.friction, groundSoft);
    }
  }
}
