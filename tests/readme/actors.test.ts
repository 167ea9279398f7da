import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assert, suite } from "../support/index.ts";
import { blocksOf, commandsOf, outputAfter } from "./blocks.ts";
import { root } from "./project.ts";
import { run, type ShellOptions } from "./shell.ts";

const test = suite("docs/actors.md");

const blocks = blocksOf(await readFile(join(root, "docs/actors.md"), "utf8"));
const programs = blocks.filter(({ language, file }) => language === "js" && file !== undefined);
/** What the programs without imports of their own go on from. */
const beginning = blocks.find(({ language, file }) => language === "js" && file === undefined)!.text;
const end = "await wray.shutdown();\n";

let here: ShellOptions;

test.before(async (t) => {
  // Below the repository, whose packages it has.
  const cwd = await mkdtemp(join(root, "build/docs-"));
  t.after(() => rm(cwd, { recursive: true }));
  here = { cwd, npmCache: join(cwd, "npm-cache") };
  await writeFile(join(cwd, "asconfig.json"), '{ "extends": "wray/asconfig.json" }');
  for (const { file, text } of blocks.filter(({ language }) => language === "ts")) {
    await mkdir(dirname(join(cwd, file!)), { recursive: true });
    await writeFile(join(cwd, file!), text);
  }
  const commands = blocks.filter(({ language }) => language === "sh").flatMap(commandsOf);
  for (const command of commands) await run(command, here);
});

for (const program of programs) {
  test(`its program prints what it shows: ${program.file}`, async () => {
    const isWhole = program.text.startsWith("import ");
    const path = join(here.cwd, "program.mjs");
    await writeFile(path, isWhole ? program.text : beginning + program.text + end);
    assert.is(await run("node program.mjs", here), outputAfter(blocks, program));
  });
}

test("each of its programs says what it prints", () => {
  assert.ok(programs.length > 5);
  for (const program of programs) assert.ok(outputAfter(blocks, program) !== undefined, program.file);
});
