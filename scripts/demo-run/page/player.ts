import type { Film, Scene } from "../messages.ts";
import { palette } from "../palette.ts";
import { paintOrder, poseOf, type Stage, stageOf } from "../stage.ts";

/** A film is shown for so long before a newer one takes its place. */
const leastSeconds = 3;
/** How long its last frame stays. */
const restSeconds = 0.7;
/** What part of the height is below the ground. */
const groundPart = 0.16;
/** Where the robot stays, as a part of the width, while the ground moves. */
const leftPart = 0.38;
const labelEvery = 5;

/** Plays the film of the best policy again and again, and a newer one as soon as it is its turn. */
export class Player {
  readonly #canvas: HTMLCanvasElement;
  readonly #caption: HTMLElement;
  #scene: Scene | undefined;
  #playing: { film: Film; stage: Stage; sinceMs: number } | undefined;
  #next: Film | undefined;

  constructor(canvas: HTMLCanvasElement, caption: HTMLElement) {
    this.#canvas = canvas;
    this.#caption = caption;
    const draw = (nowMs: number) => {
      this.#draw(nowMs);
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }

  stage(scene: Scene): void {
    this.#scene = scene;
  }

  play(film: Film): void {
    this.#next = film;
  }

  #draw(nowMs: number): void {
    const scene = this.#scene;
    if (scene === undefined) return;
    const { film, stage, seconds } = this.#turn(scene, nowMs) ?? {};
    if (film === undefined || stage === undefined || seconds === undefined) return;
    const last = film.frames.length - 1;
    const position = Math.min(last, seconds / scene.frameSeconds);
    const frame = between(
      film.frames[Math.floor(position)]!,
      film.frames[Math.min(last, Math.floor(position) + 1)]!,
      position % 1,
    );
    paint(this.#canvas, scene, stage, frame);
    this.#tell(film, frame[0]! - film.frames[0]![0]!, position * scene.frameSeconds);
  }

  /** What is to be shown now, and how far it has got. */
  #turn(scene: Scene, nowMs: number): { film: Film; stage: Stage; seconds: number } | undefined {
    const playing = this.#playing;
    const seconds = playing === undefined ? 0 : (nowMs - playing.sinceMs) / 1_000;
    const ends = ((playing?.film.frames.length ?? 1) - 1) * scene.frameSeconds + restSeconds;
    const isOver = seconds > ends;
    const takesNext = this.#next !== undefined && (isOver || seconds > leastSeconds || playing === undefined);
    const film = takesNext ? this.#next : playing?.film;
    if (film === undefined) return undefined;
    if (takesNext) this.#next = undefined;
    if (!takesNext && !isOver) return { film, stage: playing!.stage, seconds };
    const stage = stageOf(scene, film);
    this.#playing = { film, stage, sinceMs: nowMs };
    return { film, stage, seconds: 0 };
  }

  #tell({ generation }: Film, metres: number, seconds: number): void {
    const title = document.createElement("strong");
    title.textContent = generation === 0 ? "Before it learned" : `Generation ${generation}`;
    this.#caption.replaceChildren(title, `${metres.toFixed(1)} m in ${seconds.toFixed(1)} s`);
  }
}

const between = (from: readonly number[], to: readonly number[], part: number): number[] =>
  from.map((value, index) => value + part * (to[index]! - value));

function paint(canvas: HTMLCanvasElement, scene: Scene, stage: Stage, frame: readonly number[]): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const floor = Math.round(height * (1 - groundPart));
  const scale = floor / stage.height;
  const camera = poseOf(frame, 0)[0];
  const left = leftPart * width;
  const toX = (metres: number) => left + scale * (metres - camera);

  paintGround(context, { width, height, floor, from: camera - left / scale, scale, toX });
  for (const { box, colour } of paintOrder(scene)) {
    const [x, y, angle] = poseOf(frame, box);
    const [halfWidth, halfHeight] = scene.boxes[box]!.map((metres) => metres * scale) as [number, number];
    context.save();
    context.translate(toX(x), floor - scale * (y - stage.ground));
    context.rotate(-angle);
    context.fillStyle = colour;
    context.beginPath();
    const corner = 0.8 * Math.min(halfWidth, halfHeight);
    context.roundRect(-halfWidth, -halfHeight, 2 * halfWidth, 2 * halfHeight, corner);
    context.fill();
    context.restore();
  }
}

type Ground = {
  width: number;
  height: number;
  floor: number;
  /** What is at the left edge, in metres. */
  from: number;
  scale: number;
  toX: (metres: number) => number;
};

/** The ground with a mark for each metre, and lines behind, by which one sees that the robot moves. */
function paintGround(
  context: CanvasRenderingContext2D,
  { width, height, floor, from, scale, toX }: Ground,
): void {
  context.fillStyle = palette.background;
  context.fillRect(0, floor, width, height - floor);
  context.font = `13px ${getComputedStyle(document.body).fontFamily}`;
  context.textAlign = "center";
  for (let metre = Math.floor(from); toX(metre) < width + scale; metre++) {
    const x = Math.round(toX(metre)) + 0.5;
    const isLong = metre % labelEvery === 0;
    context.strokeStyle = palette.line;
    line(context, x, isLong ? 0 : floor, x, floor + (isLong ? 14 : 8));
    context.fillStyle = palette.dim;
    if (isLong) context.fillText(`${metre} m`, x, floor + 34);
  }
  context.strokeStyle = palette.dim;
  line(context, 0, floor + 0.5, width, floor + 0.5);
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
