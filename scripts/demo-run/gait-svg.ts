import type { Film, Scene } from "./messages.ts";
import { fontFamily, palette } from "./palette.ts";
import { paintOrder, poseOf, stageOf } from "./stage.ts";

const width = 760;
const height = 320;
const groundHeight = 56;
/** Where the robot stays, while the ground moves. */
const left = 0.4 * width;

/** A film as a picture that moves by itself wherever SVG is shown, again and again. */
export function gaitSvg(scene: Scene, film: Film): string {
  const stage = stageOf(scene, film);
  const floor = height - groundHeight;
  const scale = floor / stage.height;
  const { frames } = film;
  const seconds = (frames.length - 1) * scene.frameSeconds;
  const animate = (type: string, at: (frame: number[]) => string) =>
    `<animateTransform attributeName="transform" type="${type}" dur="${seconds.toFixed(2)}s" ` +
    `repeatCount="indefinite" values="${frames.map(at).join(";")}"/>`;

  const boxes = paintOrder(scene).map(({ box, colour }) => {
    const [halfWidth, halfHeight] = scene.boxes[box]!.map((metres) => metres * scale) as [number, number];
    const place = animate("translate", (frame) => {
      const [x, y] = poseOf(frame, box);
      const [torsoX] = poseOf(frame, 0);
      return `${short(left + scale * (x - torsoX))} ${short(floor - scale * (y - stage.ground))}`;
    });
    // Angles grow against the clock, and y upwards; in SVG it is the other way round.
    const turn = animate("rotate", (frame) => short((-180 / Math.PI) * poseOf(frame, box)[2]));
    const shape =
      `x="${short(-halfWidth)}" y="${short(-halfHeight)}" width="${short(2 * halfWidth)}" ` +
      `height="${short(2 * halfHeight)}" rx="${short(0.8 * Math.min(halfWidth, halfHeight))}" fill="${colour}"`;
    return `<g>${place}<rect ${shape}>${turn}</rect></g>`;
  });

  const torsoXs = frames.map((frame) => poseOf(frame, 0)[0]);
  const from = Math.floor(Math.min(...torsoXs) - left / scale);
  const to = Math.ceil(Math.max(...torsoXs) + (width - left) / scale);
  const marks = Array.from({ length: to - from + 1 }, (_, index) => {
    const metre = from + index;
    const x = short(metre * scale);
    const label =
      metre % 5 === 0
        ? `<text x="${x}" y="${floor + 30}" text-anchor="middle" fill="${palette.dim}">${metre} m</text>`
        : "";
    return `<path d="M${x} ${floor}v${metre % 5 === 0 ? 12 : 6}" stroke="${palette.dim}"/>${label}`;
  });
  const moving = animate("translate", (frame) => `${short(left - scale * poseOf(frame, 0)[0])} 0`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="${fontFamily}" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="${palette.background}"/>`,
    `<rect y="${floor}" width="${width}" height="${groundHeight}" fill="${palette.panel}"/>`,
    `<path d="M0 ${floor}h${width}" stroke="${palette.line}" stroke-width="2"/>`,
    `<g>${moving}${marks.join("")}</g>`,
    ...boxes,
    `<text x="20" y="32" fill="${palette.text}">${scene.env}, generation ${film.generation}: ` +
      `${film.distance.toFixed(1)} m in ${seconds.toFixed(1)} s</text>`,
    "</svg>",
    "",
  ].join("\n");
}

/** A tenth is less than is seen. */
const short = (value: number) => String(Number(value.toFixed(1)));
