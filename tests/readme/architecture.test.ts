import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assert, suite } from "../support/index.ts";
import { blocksOf } from "./blocks.ts";
import { root } from "./project.ts";

const test = suite("docs/architecture.md");

const block = blocksOf(readFileSync(join(root, "docs/architecture.md"), "utf8")).find(
  ({ heading }) => heading === "Direction of imports",
)!;

/** What each folder may import from, longer names first, so that the first that fits is the one that counts. */
const directions = block.text
  .trim()
  .split("\n")
  .map((line) => {
    const [folder, others] = line.split(/ {2,}/) as [string, string];
    return { folder, others: others === "nothing" ? [] : others.split(", ") };
  })
  .sort((a, b) => b.folder.length - a.folder.length);

const isWithin = (path: string, folder: string) => path.startsWith(`${folder}/`);

/** Every import of one file of ours by another. */
const imports = ["host", "gpu", "scheduler", "kernels/transform"].flatMap((top) =>
  readdirSync(join(root, top), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(top, name))
    .flatMap((from) =>
      [...readFileSync(join(root, from), "utf8").matchAll(/^(?:import|export|\}) .*?"(\.[^"]+)"/gm)].map(
        ([, path]) => ({ from, to: join(dirname(from), path!) }),
      ),
    ),
);

test("files import only from where it allows", () => {
  const strays = imports.filter(({ from, to }) => {
    const direction = directions.find(({ folder }) => isWithin(from, folder));
    const allowed = direction === undefined ? [] : [direction.folder, ...direction.others];
    return !allowed.some((folder) => isWithin(to, folder)) && to !== "package.json";
  });
  assert.equal(strays, []);
});

test("it allows nothing that no file needs", () => {
  const unused = directions.flatMap(({ folder, others }) =>
    others.filter((other) => !imports.some(({ from, to }) => isWithin(from, folder) && isWithin(to, other))),
  );
  assert.equal(unused, []);
});
