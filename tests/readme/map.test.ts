import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assert, suite } from "../support/index.ts";
import { blocksOf } from "./blocks.ts";
import { root } from "./project.ts";

const test = suite("README's map");

const readme = await readFile(join(root, "README.md"), "utf8");
const map = blocksOf(readme).find(({ heading }) => heading === "Folders")!.text;

/** The folders of the map, each with what it is said to hold. */
const folders = map
  .trim()
  .split("\n")
  .map((line) => {
    const [, name, about] = /^(\S+)\/ +(.*)$/.exec(line)!;
    return { name: name!, inner: [...about!.matchAll(/([\w-]+)\//g)].map(([, inner]) => inner!) };
  });

const isFolder = (entry: { isDirectory(): boolean }) => entry.isDirectory();

/** Folders of a folder that hold any file; git knows no other. */
const foldersIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter(isFolder)
    .map(({ name }) => name)
    .filter((name) => readdirSync(join(root, folder, name)).length > 0);

test("it names every folder of the repository and no other", async () => {
  const ignored = (await readFile(join(root, ".gitignore"), "utf8"))
    .split("\n")
    .map((line) => line.replace(/\/$/, ""));
  const present = foldersIn(".").filter((name) => !ignored.includes(name) && !name.startsWith("."));
  assert.equal(folders.map(({ name }) => name).sort(), present.sort());
});

test("it names every folder of the parts and no other", () => {
  for (const { name, inner } of folders) {
    // The tests are said to be like the tree.
    const present = name === "tests" ? ["support"] : foldersIn(name);
    assert.equal(inner.sort(), present.sort(), name);
  }
});

const pages = readdirSync(join(root, "docs"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);

for (const file of ["README.md", "CHANGELOG.md", ...pages]) {
  test(`the links of ${file} lead somewhere`, async () => {
    const text = await readFile(join(root, file), "utf8");
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
    const isBroken = (link: string) =>
      !/^(?:https?:|#)/.test(link) && !existsSync(join(root, dirname(file), link.replace(/#.*$/, "")));
    assert.equal(links.filter(isBroken), []);
  });
}

for (const file of pages) {
  test(`the files that ${file} names are there`, async () => {
    const text = await readFile(join(root, file), "utf8");
    const names = text.matchAll(/`((?:kernels|host|gpu|scheduler|examples|scripts|tests|docs)\/[\w./-]*)`/g);
    const lost = [...names].map(([, name]) => name!).filter((name) => !existsSync(join(root, name)));
    assert.equal(lost, []);
  });
}
