import { checkLength } from "./sizes";

/** Both are four values for each body: x, y, z, and the mass or nothing. */
export class Bodies {
  constructor(
    public positions: Float32Array,
    public velocities: Float32Array,
  ) {}
}

/**
 * The bodies after a time of `dt`: velocities first, then positions by the new ones. A `softening` of more than 0 keeps
 * bodies that come close from flying away.
 */
export function nbodyStep(
  positions: Float32Array,
  velocities: Float32Array,
  dt: f32,
  softening: f32,
): Bodies {
  if (!(softening > 0)) throw new Error(`a softening is more than 0, not ${softening}`);
  if (positions.length % 4 != 0) {
    throw new Error(`positions has ${positions.length} values, and rows of 4 are needed`);
  }
  checkLength("velocities", velocities.length, positions.length);
  const moved = new Bodies(new Float32Array(positions.length), new Float32Array(positions.length));
  const start = positions.dataStart;
  const end = start + positions.byteLength;
  for (let own = start; own < end; own += 16) {
    const x = load<f32>(own);
    const y = load<f32>(own, 4);
    const z = load<f32>(own, 8);
    let pullX: f32 = 0;
    let pullY: f32 = 0;
    let pullZ: f32 = 0;
    for (let other = start; other < end; other += 16) {
      const dx = load<f32>(other) - x;
      const dy = load<f32>(other, 4) - y;
      const dz = load<f32>(other, 8) - z;
      const squared = dx * dx + dy * dy + dz * dz + softening * softening;
      const pull = load<f32>(other, 12) / (squared * sqrt<f32>(squared));
      pullX += dx * pull;
      pullY += dy * pull;
      pullZ += dz * pull;
    }
    const from = velocities.dataStart + (own - start);
    const velocity = moved.velocities.dataStart + (own - start);
    const position = moved.positions.dataStart + (own - start);
    store<f32>(velocity, load<f32>(from) + pullX * dt);
    store<f32>(velocity, load<f32>(from, 4) + pullY * dt, 4);
    store<f32>(velocity, load<f32>(from, 8) + pullZ * dt, 8);
    store<f32>(position, x + load<f32>(velocity) * dt);
    store<f32>(position, y + load<f32>(velocity, 4) * dt, 4);
    store<f32>(position, z + load<f32>(velocity, 8) * dt, 8);
    store<f32>(position, load<f32>(own, 12), 12);
  }
  return moved;
}
