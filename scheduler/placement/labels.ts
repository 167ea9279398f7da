/** What a host says of itself: `zone: "a"`, `machine: "arm64"`. */
export type Labels = Readonly<Record<string, string>>;

/**
 * What labels a host is to have: each of these, with that value or with one of these. `!` before a value means any
 * other; a host without the label has no value.
 */
export type Selector = Readonly<Record<string, string | readonly string[]>>;

/** The conditions of a selector that a host does not meet, as `name=value`. */
export function unmet(selector: Selector, labels: Labels): string[] {
  return Object.entries(selector).flatMap(([name, wanted]) => {
    const values = typeof wanted === "string" ? [wanted] : wanted;
    return values.some((value) => agrees(value, labels[name])) ? [] : [`${name}=${values.join("|")}`];
  });
}

const agrees = (wanted: string, value: string | undefined) =>
  wanted.startsWith("!") ? value !== wanted.slice(1) : value === wanted;
