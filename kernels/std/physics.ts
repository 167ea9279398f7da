/** Bodies that attract each other, each a row of 7 doubles: [ x y z | vx vy vz | mass ], with 1 for Newton's G. */

/** Bytes of one body. */
const ROW: usize = 56;

/**
 * The bodies after `steps` steps of `dt`: velocities change by all pairs, in order, and positions by the velocities.
 * A body moves as soon as all of its pairs are done, since none of those that follow looks at it any more. It is the symplectic integrator of n-body in the Computer Language Benchmarks Game, and rounds as that does.
 */
export function nbody(bodies: Float64Array, dt: f64, steps: i32): Float64Array {
  checkRows("nbody", bodies);
  const moved = new Float64Array(bodies.length);
  memory.copy(moved.dataStart, bodies.dataStart, <usize>bodies.byteLength);
  const end = moved.dataStart + <usize>moved.byteLength;
  for (let step = 0; step < steps; step++) {
    for (let body = moved.dataStart; body < end; body += ROW) move(body, end, dt);
  }
  return moved;
}

/** The energy of the bodies, kinetic and potential, which their motion keeps but for the error of the steps. */
export function energy(bodies: Float64Array): f64 {
  checkRows("energy", bodies);
  const end = bodies.dataStart + <usize>bodies.byteLength;
  let total: f64 = 0;
  for (let body = bodies.dataStart; body < end; body += ROW) {
    const vx = load<f64>(body, 24);
    const vy = load<f64>(body, 32);
    const vz = load<f64>(body, 40);
    const mass = load<f64>(body, 48);
    total += 0.5 * mass * (vx * vx + vy * vy + vz * vz);
    for (let other = body + ROW; other < end; other += ROW) {
      const dx = load<f64>(body) - load<f64>(other);
      const dy = load<f64>(body, 8) - load<f64>(other, 8);
      const dz = load<f64>(body, 16) - load<f64>(other, 16);
      total -= (mass * load<f64>(other, 48)) / Math.sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return total;
}

/** Changes the velocities of a body and of all after it by what they do to each other in `dt`, and moves the body. */
function move(body: usize, end: usize, dt: f64): void {
  const x = load<f64>(body);
  const y = load<f64>(body, 8);
  const z = load<f64>(body, 16);
  let vx = load<f64>(body, 24);
  let vy = load<f64>(body, 32);
  let vz = load<f64>(body, 40);
  const mass = load<f64>(body, 48);
  for (let other = body + ROW; other < end; other += ROW) {
    const dx = x - load<f64>(other);
    const dy = y - load<f64>(other, 8);
    const dz = z - load<f64>(other, 16);
    const squared = dx * dx + dy * dy + dz * dz;
    const pull = dt / (squared * Math.sqrt(squared));
    const otherPull = load<f64>(other, 48) * pull;
    vx -= dx * otherPull;
    vy -= dy * otherPull;
    vz -= dz * otherPull;
    const ownPull = mass * pull;
    store<f64>(other, load<f64>(other, 24) + dx * ownPull, 24);
    store<f64>(other, load<f64>(other, 32) + dy * ownPull, 32);
    store<f64>(other, load<f64>(other, 40) + dz * ownPull, 40);
  }
  store<f64>(body, vx, 24);
  store<f64>(body, vy, 32);
  store<f64>(body, vz, 40);
  store<f64>(body, x + dt * vx);
  store<f64>(body, y + dt * vy, 8);
  store<f64>(body, z + dt * vz, 16);
}

function checkRows(kernel: string, bodies: Float64Array): void {
  if (bodies.length % 7 != 0) {
    throw new Error(`physics/${kernel} takes rows of 7 numbers, and was given ${bodies.length} numbers`);
  }
}
