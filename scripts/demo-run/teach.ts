import type { Client } from "wray";
import { type Learning, type LearnOptions, learn, type Trial } from "../../examples/learn-to-run/learn.ts";
import type { Feed } from "./feed.ts";
import type { Film, Scene } from "./messages.ts";
import { neverGiveUp } from "./never-give-up.ts";

const framesPerSecond = 25;
/** How the filmed episode begins. */
const filmSeed = 1;
/** Frames tell millimetres, and thousandths of a radian. */
const perUnit = 1_000;

export type Taught = Learning & { scene: Scene; film: Film };

/** Learns, and has each policy that is better than those before filmed; the feed is told of all of it. */
export async function teach(
  wray: Client,
  options: LearnOptions,
  { feed, onTrial }: { feed: Feed; onTrial: (trial: Trial) => void },
): Promise<Taught> {
  const { env, hidden = [], seed = 1, generations } = options;
  const learner = neverGiveUp(wray);
  const spec = await wray.get((await learner.remote("gym/describe")).remote(env));
  const every = Math.max(1, Math.round(1 / (framesPerSecond * spec.stepSeconds)));
  const scene: Scene = {
    ...{ env, seed, generations },
    legs: spec.rows,
    boxes: [...chunks(spec.sizes, 2)] as Scene["boxes"],
    frameSeconds: every * spec.stepSeconds,
  };
  feed.tell("scene", scene);

  const filmKernel = await learner.remote("gym/film");
  const shoot = async (theta: Float64Array, generation: number): Promise<Film> => {
    const { episode, poses } = await wray.get(
      filmKernel.remote(env, Int32Array.from(hidden), theta, filmSeed, 0, every),
    );
    const rounded = Array.from(poses, (value) => Math.round(value * perUnit) / perUnit);
    const film = {
      generation,
      distance: episode.distance,
      frames: [...chunks(rounded, 3 * scene.boxes.length)],
    };
    feed.tell("film", film);
    return film;
  };

  const trials: Trial[] = [];
  let films: Promise<Film> | undefined;
  const learning = await learn(learner, {
    ...options,
    onTrial(trial, theta) {
      trials.push(trial);
      feed.tell("trials", trials);
      onTrial(trial);
      if (theta === undefined) return;
      // One after the other, so that the last is that of the best policy.
      const next = Promise.resolve(films).then(() => shoot(theta, trial.generation));
      next.catch(() => {}); // It is awaited below, unless learning fails before.
      films = next;
    },
  });
  return { ...learning, scene, film: await films! };
}

function* chunks(values: ArrayLike<number>, size: number): Generator<number[]> {
  const all = Array.from(values);
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}
