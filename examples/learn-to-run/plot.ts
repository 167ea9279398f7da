// Draws how the walker learned, from the curves that main.ts has written down:
//
//   node build/examples/learn-to-run/plot.mjs
import { readFile, writeFile } from "node:fs/promises";
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Trial } from "./learn.ts";

const folder = "examples/learn-to-run/curves";
const runs = {
  "search, seed 1": "search",
  "search, seed 2": "search-2",
  "search, seed 3": "search-3",
  "search, overlap 2": "overlap",
  "search, quorum 0.75": "quorum",
  "evolution strategy": "strategy",
};

const curves = await Promise.all(
  Object.entries(runs).map(async ([run, name]) => {
    const trials: Trial[] = JSON.parse(await readFile(`${folder}/${name}.curve.json`, "utf8"));
    return trials.map(({ steps, distance }) => ({ run, steps: steps / 1e6, distance }));
  }),
);
const spec: TopLevelSpec = {
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  width: 560,
  height: 280,
  background: "white",
  title: "How far the walker gets in 10 s, mean of 40 episodes",
  data: { values: curves.flat() },
  mark: { type: "line" },
  encoding: {
    x: { field: "steps", type: "quantitative", title: "steps learned from, millions" },
    y: { field: "distance", type: "quantitative", title: "metres" },
    color: { field: "run", type: "nominal", title: null, sort: null },
  },
};
const svg = await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
await writeFile("docs/learn-to-run.svg", svg);
