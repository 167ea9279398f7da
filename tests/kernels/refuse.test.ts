import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, suite } from "../support/index.ts";
import { asc, fixtures, root } from "./asc.ts";

const test = suite("refusals of asc");

/** What asc said, as `path(line): message`. */
const refusals = (stderr: string) =>
  stderr
    .split("ERROR AS109: Transform 'wray': ")
    .slice(1)
    .map((text) => {
      const at = text.match(/ in (\S+)\((\d+),\d+\)/);
      return `${at?.[1]}(${at?.[2]}): ${text.split("\n")[0]}`;
    });

/** What the comments of a file say that asc has to say about the lines below them. */
async function expectedIn(file: string): Promise<string[]> {
  const lines = (await readFile(join(root, file), "utf8")).split("\n");
  return lines.flatMap((line, index) =>
    /^ *\/\/ (?:.*: .*\.|.*')/.test(line)
      ? [`${file}(${index + 2}): ${line.trim().slice("// ".length)}`]
      : [],
  );
}

const emitNothing = ["--noEmit", "--disableWarning"];
const withActors = ["--runtime", "minimal"];

test("asc refuses what cannot cross, each with file, line, reason and remedy, all in one go", async () => {
  const file = `${fixtures}/refused.ts`;
  const expected = await expectedIn(file);
  const { exitCode, stderr } = await asc([file, "--enable", "reference-types", ...emitNothing]);
  assert.is(exitCode, 1);
  assert.equal(refusals(stderr).sort(), expected.sort());
  assert.match(stderr, `FAILURE ${expected.length} afterCompile error(s)`);
});

test("asc refuses what cannot cross in nested calls, and points to the nearest that the user has written", async () => {
  const file = `${fixtures}/refused-nested.ts`;
  const { exitCode, stderr } = await asc([file, ...emitNothing]);
  assert.is(exitCode, 1);
  assert.equal(refusals(stderr).sort(), (await expectedIn(file)).sort());
});

for (const [what, file] of [
  ["classes that can't be actors", `${fixtures}/refused-actors.ts`],
  ["decorators of actors where they mean nothing", `${fixtures}/refused-decorators.ts`],
  ["what cannot cross in constructors and methods of actors", `${fixtures}/refused-methods.ts`],
] as const) {
  test(`asc refuses ${what}, each with file, line, reason and remedy`, async () => {
    const expected = await expectedIn(file);
    const { exitCode, stderr } = await asc([file, ...withActors, ...emitNothing]);
    assert.is(exitCode, 1);
    assert.ok(expected.length > 0);
    assert.equal(refusals(stderr).sort(), expected.sort());
  });
}

for (const [runtime, reason] of [
  ["stub", "lives from call to call, and the runtime 'stub' never frees memory."],
  [
    "incremental",
    "lives on when a call of it fails, which the stack of the runtime 'incremental' does not stand.",
  ],
] as const) {
  test(`asc refuses actors with the runtime ${runtime}`, async () => {
    const file = `${fixtures}/actors.ts`;
    const { exitCode, stderr } = await asc([file, "--runtime", runtime, ...emitNothing]);
    assert.is(exitCode, 1);
    assert.equal(refusals(stderr), [
      `${file}(16): Actor 'Counter' ${reason} ` +
        'Add `"runtime": "minimal"` to the options of asconfig.json, or give asc --runtime minimal.',
    ]);
  });
}

test("asc points into the source when it refuses", async () => {
  const { stderr } = await asc([`${fixtures}/no-kernel.ts`, ...emitNothing]);
  assert.match(stderr, "1 │ export const answer: i32 = 42;\n   │ ~~~~~");
});

test("asc refuses a file without an exported function", async () => {
  const { exitCode, stderr } = await asc([`${fixtures}/no-kernel.ts`, ...emitNothing]);
  assert.is(exitCode, 1);
  assert.equal(refusals(stderr), [
    `${fixtures}/no-kernel.ts(1): This file exports no function, so it has no kernel. ` +
      "Write `export function …`, or `@actor` before `export class …`.",
  ]);
});

test("asc refuses names that the module needs for itself", async () => {
  const { exitCode, stderr } = await asc([`${fixtures}/reserved.ts`, ...emitNothing]);
  assert.is(exitCode, 1);
  assert.equal(refusals(stderr), [
    `${fixtures}/reserved.ts(1): The name 'memory' belongs to the module itself. Choose another name.`,
    `${fixtures}/reserved.ts(5): The name '__new' belongs to the module itself. Choose another name.`,
  ]);
});

test("asc refuses two entry files and names them", async () => {
  const [first, second] = [`${fixtures}/types.ts`, `${fixtures}/state.ts`];
  const { exitCode, stderr } = await asc([first, second, ...emitNothing]);
  assert.is(exitCode, 1);
  assert.equal(refusals(stderr), [
    `${second}(1): A module has one entry file, and asc was given 2: ${first}, ${second}. ` +
      "Compile each by its own call of asc, or export what is needed from one of them.",
  ]);
});

test("asc refuses to leave out the runtime", async () => {
  const flags = ["--config", "none.json", "--transform", "wray/transform", ...emitNothing];
  const { exitCode, stderr } = await asc([`${fixtures}/types.ts`, ...flags]);
  assert.is(exitCode, 1);
  assert.match(stderr, "A host cannot pass arguments to a module that does not export its runtime.");
  assert.match(stderr, '`"extends": "wray/asconfig.json"`');
});
