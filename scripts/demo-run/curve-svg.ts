import type { HostEvent, TrialView } from "./messages.ts";
import { fontFamily, palette } from "./palette.ts";

const margin = { left: 52, right: 20, top: 22, bottom: 42 };
const fontSize = 12;
/** About so many marks an axis has. */
const markCount = 5;

export type CurveOptions = {
  trials: readonly TrialView[];
  events: readonly HostEvent[];
  width: number;
  height: number;
};

/** What policies are worth by the time that learning took, and when hosts came and went. */
export function curveSvg({ trials, events, width, height }: CurveOptions): string {
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const seconds = niceScale(0, Math.max(1, ...trials.map((trial) => trial.seconds)), margin.left, right);
  const scores = trials.map(({ score }) => score);
  const score = niceScale(Math.min(0, ...scores), Math.max(1, ...scores), bottom, margin.top);

  const across = score.marks.map((mark) => {
    const y = short(score.at(mark));
    return (
      `<path d="M${margin.left} ${y}H${right}" stroke="${palette.line}"/>` +
      `<text x="${margin.left - 8}" y="${y + 4}" text-anchor="end">${mark}</text>`
    );
  });
  const along = seconds.marks.map(
    (mark) => `<text x="${short(seconds.at(mark))}" y="${bottom + 18}" text-anchor="middle">${mark} s</text>`,
  );
  const hosts = events
    .filter((event) => event.seconds > 0 && event.seconds <= seconds.most)
    .map(({ kind, id, seconds: when }) => {
      const x = short(seconds.at(when));
      const colour = palette[kind];
      const dash = `stroke="${colour}" stroke-dasharray="3 3" opacity="0.8"`;
      const title = `<title>${id} ${kind}</title>`;
      return (
        `<g class="${kind}"><path d="M${x} ${margin.top}V${bottom}" ${dash}/>` +
        `<text x="${x}" y="${margin.top - 7}" text-anchor="middle" fill="${colour}">` +
        `${kind === "joined" ? "+" : "×"}</text>${title}</g>`
      );
    });
  const points = trials.map((trial) => `${short(seconds.at(trial.seconds))},${short(score.at(trial.score))}`);
  const last = points.at(-1)?.split(",");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
      `font-family="${fontFamily}" font-size="${fontSize}" fill="${palette.dim}">`,
    `<rect width="${width}" height="${height}" fill="${palette.panel}"/>`,
    ...across,
    ...along,
    `<text x="${right}" y="${height - 6}" text-anchor="end">time since learning began</text>`,
    ...hosts,
    `<polyline points="${points.join(" ")}" fill="none" stroke="${palette.accent}" stroke-width="2" stroke-linejoin="round"/>`,
    ...(last === undefined
      ? []
      : [`<circle cx="${last[0]}" cy="${last[1]}" r="4" fill="${palette.accent}"/>`]),
    "</svg>",
    "",
  ].join("\n");
}

/** An axis whose marks are round numbers. */
function niceScale(least: number, most: number, from: number, to: number) {
  const rough = (most - least) / markCount;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const low = Math.floor(least / step) * step;
  const high = Math.ceil(most / step) * step;
  const marks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, index) =>
    Number((low + index * step).toPrecision(6)),
  );
  return { marks, most: high, at: (value: number) => from + ((value - low) / (high - low)) * (to - from) };
}

const short = (value: number) => Number(value.toFixed(1));
