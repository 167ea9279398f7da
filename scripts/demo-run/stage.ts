import type { Film, Scene } from "./messages.ts";
import { palette } from "./palette.ts";

/** What part of the world a picture shows, in metres: upright, from below the ground to above the head. */
export type Stage = { ground: number; height: number };

/** Of the height that boxes take in the first frame, so much is left free above. */
const headroom = 0.3;

/** The ground is below whatever the first frame shows. */
export function stageOf({ boxes }: Scene, { frames }: Film): Stage {
  const spans = boxes.map(([halfWidth, halfHeight], box) => {
    const [, y, angle] = poseOf(frames[0]!, box);
    const half = Math.abs(Math.sin(angle)) * halfWidth + Math.abs(Math.cos(angle)) * halfHeight;
    return { low: y - half, high: y + half };
  });
  const ground = Math.min(...spans.map(({ low }) => low));
  return { ground, height: (1 + headroom) * (Math.max(...spans.map(({ high }) => high)) - ground) };
}

export const poseOf = (frame: readonly number[], box: number): [x: number, y: number, angle: number] => [
  frame[3 * box]!,
  frame[3 * box + 1]!,
  frame[3 * box + 2]!,
];

/** In which order boxes are drawn, and in which colours: first the leg that is farthest, and the torso before the nearest. */
export function paintOrder({ boxes, legs }: Scene): { box: number; colour: string }[] {
  const perLeg = (boxes.length - 1) / legs;
  const legOf = (box: number) => Math.floor((box - 1) / perLeg);
  const limbs = boxes.map((_, box) => box).slice(1);
  return [
    ...limbs.filter((box) => legOf(box) > 0).map((box) => ({ box, colour: palette.far })),
    { box: 0, colour: palette.accent },
    ...limbs.filter((box) => legOf(box) === 0).map((box) => ({ box, colour: palette.near })),
  ];
}
