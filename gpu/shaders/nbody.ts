import { InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import { readProgram } from "../../scheduler/wgsl/program.ts";
import type { BufferSource, GpuTask } from "../programs/task.ts";
import wgsl from "./nbody.wgsl";
import { checkWords, grid, rowsOf, words, wordsOf } from "./sizes.ts";

const program = readProgram("nbody.wgsl", wgsl);

export type NbodyStep = {
  dt: number;
  /** Keeps bodies that come close from flying away; more than 0, as each body meets itself, too. */
  softening: number;
};

/**
 * `positions` and `velocities` after a time of `dt`: velocities first, then positions by the new ones. Both are four f32
 * for each body: x, y, z, and the mass or nothing.
 */
export function nbodyStep(
  { dt, softening }: NbodyStep,
  positions: BufferSource,
  velocities: BufferSource,
): GpuTask {
  if (!(softening > 0)) throw new InvalidTaskError(`a softening is more than 0, not ${softening}`);
  const n = rowsOf("positions", positions, 4);
  checkWords("velocities", velocities, wordsOf(positions));
  return {
    buffers: {
      "given positions": positions,
      "given velocities": velocities,
      positions: words(4 * n),
      velocities: words(4 * n),
    },
    steps: [
      {
        program,
        workgroups: grid(n, 1, 64, 1),
        uniforms: { params: { n, dt, softening } },
        buffers: {
          positions: "given positions",
          velocities: "given velocities",
          outPositions: "positions",
          outVelocities: "velocities",
        },
      },
    ],
    results: ["positions", "velocities"],
  };
}
