// Draws how long the pole stayed up while it was learned, of runs of `main.ts` with `--curve`:
//
//   node build/examples/ppo/plot.mjs docs/reinforcement-learning/ppo.svg seed-1.json seed-2.json
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Iteration } from "./learn.ts";

const [output, ...curves] = process.argv.slice(2);
if (output === undefined || curves.length === 0) throw new Error("usage: plot.mjs <to.svg> <curve.json> …");
const runs = await Promise.all(
  curves.map(async (path) => {
    const iterations = JSON.parse(await readFile(path, "utf8")) as Iteration[];
    return iterations.map((iteration) => ({ ...iteration, run: basename(path, ".json") }));
  }),
);
const spec: TopLevelSpec = {
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  ...{ width: 460, height: 260, background: "white", data: { values: runs.flat() } },
  title: "PPO on the cart-pole: how long an episode of the rollouts was",
  mark: { type: "line", point: true },
  encoding: {
    x: { field: "steps", type: "quantitative", title: "steps learned from" },
    y: { field: "meanSteps", type: "quantitative", title: "steps, of at most 500" },
    color: { field: "run", type: "nominal", title: null, sort: null },
  },
};
await writeFile(output, await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG());
