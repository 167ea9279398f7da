import { existsSync, readFileSync } from "node:fs";
import { assert, suite } from "../support/index.ts";

const test = suite("docs/guarantees.md");
const page = readFileSync("docs/guarantees.md", "utf8");

/** Those of each promise: a file, and the title of a test in it if it is one alone. */
const named = [...page.matchAll(/\| `(tests\/[\w/.-]+)`(?: › (.+?))? \|$/gm)].map(
  ([, file, title]) => [file!, title] as const,
);

test("each promise names a test that there is", () => {
  const promises = page.split("\n").filter((line) => /^\| (?!\||---|test)/.test(line));
  assert.is(named.length, promises.length);
  assert.ok(named.length > 30);
  for (const [file, title] of named) {
    assert.ok(existsSync(file), file);
    if (title !== undefined) assert.ok(readFileSync(file, "utf8").includes(title), `${file} › ${title}`);
  }
});
