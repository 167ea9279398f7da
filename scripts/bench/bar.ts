import type { Figure } from "./suite.ts";

/** What a figure has to reach, in its unit; a ratio has none. */
export type Bar =
  | { of: "p50" | "value" | "ratio"; atMost: number }
  | { of: "value" | "ratio"; atLeast: number };

/** The same figure with what it has to reach. */
export const barred = (figure: Figure, bar: Bar): Figure => ({ ...figure, bar });

/** Whether a figure reaches its bar. */
export function isReached(figure: Figure, bar: Bar): boolean {
  const measured = figure[bar.of];
  if (measured === null) return false;
  return "atMost" in bar ? measured <= bar.atMost : measured >= bar.atLeast;
}

/** As `≤ 3 µs ✓`. */
export function barText(figure: Figure): string {
  const { bar, unit } = figure;
  if (bar === null) return "";
  const limit =
    "atMost" in bar ? `≤ ${bar.atMost.toLocaleString("en")}` : `≥ ${bar.atLeast.toLocaleString("en")}`;
  return `${limit}${bar.of === "ratio" ? "×" : ` ${unit}`} ${isReached(figure, bar) ? "✓" : "✗"}`;
}
