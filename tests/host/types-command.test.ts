import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyModule } from "../api/modules.ts";
import { fixtures, root } from "../kernels/asc.ts";
import { startCommand } from "../support/command.ts";
import { assert, suite, type TestContext } from "../support/index.ts";

const test = suite("wray types");

async function createFolder({ after }: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wray-types-test-"));
  after(() => rm(folder, { recursive: true }));
  return folder;
}

async function run(t: TestContext, args: string[], cwd = root) {
  const command = startCommand(t, ["types", ...args], { cwd });
  const { code } = await command.ended;
  return { code, text: command.text() };
}

test("it writes the typings beside a module, and says so", async (t) => {
  const folder = await createFolder(t);
  const module = join(folder, "math.wasm");
  await writeFile(module, await readFile(join(root, "dist/std/math.wasm")));
  assert.equal(await run(t, [module]), { code: 0, text: `wray: wrote ${module}.d.ts` });
  assert.match(await readFile(`${module}.d.ts`, "utf8"), "fib(n: number): bigint;");
});

test("it writes the typings of a kernel file where it is told, and nothing else", async (t) => {
  const folder = await createFolder(t);
  const output = join(folder, "hello.d.ts");
  const { code } = await run(t, ["examples/hello/kernels/hello.ts", "-o", output]);
  assert.is(code, 0);
  assert.match(await readFile(output, "utf8"), "greet(name: string): string;");
  assert.equal(await readdir(folder), ["hello.d.ts"]);
});

for (const [title, file, says] of [
  [
    "there is no such module",
    "nowhere.wasm",
    /nowhere\.wasm can't be read.*\[MODULE_NOT_FOUND\]\n +Compile it/,
  ],
  ["there is no such kernel file", "nowhere.ts", /File 'nowhere\.ts' not found[\s\S]*\[MODULE_REJECTED\]/],
  [
    "asc refuses the kernel file",
    `${fixtures}/ill-typed.ts`,
    /ill-typed\.ts\(2,10\)[\s\S]*\[MODULE_REJECTED\]/,
  ],
  ["the file is neither", "nowhere.js", /nowhere\.js.*must be a module, \.wasm, or a kernel file, \.ts/],
] as const) {
  test(`it fails and says what to do when ${title}`, async (t) => {
    const output = join(await createFolder(t), "none.d.ts");
    const { code, text } = await run(t, [file, "-o", output]);
    assert.is(code, 1);
    assert.match(text, says);
  });
}

test("it says how to compile when a module has no manifest", async (t) => {
  const module = join(await createFolder(t), "empty.wasm");
  await writeFile(module, emptyModule);
  const { code, text } = await run(t, [module]);
  assert.is(code, 1);
  assert.match(
    text,
    /has neither a manifest nor a function of numbers to call \[MODULE_REJECTED\]\n +Compile it with asc/,
  );
});

test("it says what to install when the project has no asc", async (t) => {
  const folder = await createFolder(t);
  await writeFile(join(folder, "k.ts"), "export function f(): void {}\n");
  const { code, text } = await run(t, ["k.ts"], folder);
  assert.is(code, 1);
  assert.match(
    text,
    /without the package assemblyscript \[MODULE_NOT_FOUND\]\n +Run `npm install assemblyscript`/,
  );
});
