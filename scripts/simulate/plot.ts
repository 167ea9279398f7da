import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Row } from "./rows.ts";
import type { Study } from "./scenarios.ts";

/** A picture of a study: for each policy, what the 99th of 100 tasks waits, or how long all of them take. */
export async function plot(study: Study, rows: readonly Row[]): Promise<string> {
  const y = study.measure === "wait" ? "p99" : "makespan";
  const title =
    study.measure === "wait" ? "99th percentile of waiting, ms" : "until the last one has ended, ms";
  const isNumber = rows.every(({ at }) => typeof at === "number");
  const values = rows.map((row) => ({ at: row.at, policy: row.policy, [y]: Math.max(row[y], 0.01) }));
  const spec: TopLevelSpec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    ...{
      width: isNumber ? 460 : 640,
      height: 260,
      background: "white",
      title: study.title,
      data: { values },
    },
    mark: isNumber ? { type: "line", point: true } : { type: "bar" },
    encoding: {
      x: isNumber
        ? {
            ...{ field: "at", type: "quantitative", title: study.by },
            scale: study.by === "hosts" ? { type: "log" } : { type: "linear", zero: false },
          }
        : { field: "at", type: "nominal", title: null, axis: { labelAngle: 0, labelLimit: 300 }, sort: null },
      y: {
        ...{ field: y, type: "quantitative", title },
        scale: study.measure === "wait" ? { type: "log" } : { zero: true },
      },
      color: { field: "policy", type: "nominal", title: null, sort: null, legend: { labelLimit: 300 } },
      ...(!isNumber && { xOffset: { field: "policy", sort: null } }),
    },
  };
  return new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
}
