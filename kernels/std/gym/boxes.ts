import { Body } from "./body";
import { Contact } from "./contact";

/**
 * Where two boxes touch: the side of one that is farthest from the other is held against that side of the other which
 * faces it most, and the ends of this are cut to the length of the first (Catto, "Fast and Simple Physics using
 * Sequential Impulses", GDC 2006, which calls them reference and incident). So there are two points, or fewer.
 */
@final
export class BoxPair {
  readonly first: Contact;
  readonly second: Contact;

  constructor(
    private readonly a: Body,
    private readonly b: Body,
  ) {
    this.first = new Contact(a, b);
    this.second = new Contact(a, b);
  }

  forget(): void {
    this.first.feature = this.second.feature = -1;
  }

  /** Looks where they touch, or are less than `margin` from each other. What has gone on touching keeps its impulses. */
  find(margin: f64): void {
    const a = this.a;
    const b = this.b;
    const dx = b.x - a.x;
    const dy = b.y - a.y;
    const reach = a.radius + b.radius + margin;
    if (dx * dx + dy * dy > reach * reach) return this.forget();

    // Sides are 0 to 3: right, top, left, bottom. A later one must be clearly farther, or the choice would flicker.
    let side = 0;
    let farthest = -Infinity;
    for (let candidate = 0; candidate < 8; candidate++) {
      const distance = candidate < 4 ? distanceFrom(a, candidate, b) : distanceFrom(b, candidate - 4, a);
      if (distance > margin) return this.forget();
      if (distance > farthest + 1e-4) {
        side = candidate;
        farthest = distance;
      }
    }
    if (side < 4) this.clip(a, side, b, 1, side, margin);
    else this.clip(b, side - 4, a, -1, side, margin);
  }

  private clip(base: Body, side: i32, other: Body, direction: f64, feature: i32, margin: f64): void {
    const nx = normalX(base, side);
    const ny = normalY(base, side);
    // The side of the other that faces it most, from its one corner to its next.
    let facing = 0;
    let least = Infinity;
    for (let candidate = 0; candidate < 4; candidate++) {
      const dot = normalX(other, candidate) * nx + normalY(other, candidate) * ny;
      if (dot < least) {
        least = dot;
        facing = candidate;
      }
    }
    const fromX = cornerX(other, facing);
    const fromY = cornerY(other, facing);
    const toX = cornerX(other, facing + 1);
    const toY = cornerY(other, facing + 1);

    // Along the side, from its middle.
    const tx = -ny;
    const ty = nx;
    const half = side & 1 ? base.halfWidth : base.halfHeight;
    const start = (fromX - base.x) * tx + (fromY - base.y) * ty;
    const end = (toX - base.x) * tx + (toY - base.y) * ty;
    const depth = side & 1 ? base.halfHeight : base.halfWidth;
    const length = end - start;
    let low: f64 = 0;
    let high: f64 = 1;
    if (length != 0) {
      const one = (-half - start) / length;
      const two = (half - start) / length;
      low = max<f64>(low, min<f64>(one, two));
      high = min<f64>(high, max<f64>(one, two));
    }
    if (low > high) return this.forget();
    for (let i = 0; i < 2; i++) {
      const contact = i == 0 ? this.first : this.second;
      const part = i == 0 ? low : high;
      const x = fromX + part * (toX - fromX);
      const y = fromY + part * (toY - fromY);
      const distance = (x - base.x) * nx + (y - base.y) * ny - depth;
      if (distance > margin) {
        contact.feature = -1;
        continue;
      }
      const id = (feature << 3) | (facing << 1) | i;
      if (contact.feature != id) {
        contact.feature = id;
        contact.normal = contact.tangent = 0;
      }
      contact.nx = direction * nx;
      contact.ny = direction * ny;
      contact.distance = distance;
      // Halfway between the two surfaces.
      contact.place(x - 0.5 * distance * nx, y - 0.5 * distance * ny);
    }
  }
}

/** How far the nearest corner of a box is before a side of another. */
function distanceFrom(base: Body, side: i32, other: Body): f64 {
  const nx = normalX(base, side);
  const ny = normalY(base, side);
  const reach =
    Math.abs(other.cos * nx + other.sin * ny) * other.halfWidth +
    Math.abs(other.cos * ny - other.sin * nx) * other.halfHeight;
  const depth = side & 1 ? base.halfHeight : base.halfWidth;
  return (other.x - base.x) * nx + (other.y - base.y) * ny - reach - depth;
}

function normalX(body: Body, side: i32): f64 {
  const along = side & 1 ? -body.sin : body.cos;
  return side & 2 ? -along : along;
}

function normalY(body: Body, side: i32): f64 {
  const along = side & 1 ? body.cos : body.sin;
  return side & 2 ? -along : along;
}

/** The corner at which a side begins, counter-clockwise: that of side 0 is at the bottom right. */
function cornerX(body: Body, side: i32): f64 {
  return body.x + body.cos * right(body, side) - body.sin * up(body, side);
}

function cornerY(body: Body, side: i32): f64 {
  return body.y + body.sin * right(body, side) + body.cos * up(body, side);
}

function right(body: Body, side: i32): f64 {
  return (side & 3) < 2 ? body.halfWidth : -body.halfWidth;
}

function up(body: Body, side: i32): f64 {
  return ((side + 1) & 3) >= 2 ? body.halfHeight : -body.halfHeight;
}
