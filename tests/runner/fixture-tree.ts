import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { build, stop } from "esbuild";

const runner = resolve("build/tests/support/run.mjs");
const fixtures = resolve("tests/runner/fixtures");

export type RunnerResult = { exitCode: number | null; output: string; closing: string };

/** A small repository whose tests are the fixtures, built, for the real runner to run. */
export async function createFixtureTree() {
  const root = mkdtempSync(join(tmpdir(), "tree-"));
  const tests = join(root, "tests");
  const names = readdirSync(fixtures).map((file) => basename(file, ".ts"));
  mkdirSync(tests);
  for (const name of names) cpSync(join(fixtures, `${name}.ts`), join(tests, `${name}.test.ts`));
  writeFileSync(join(tests, "lost.test.ts"), "// has no built file");
  await build({
    entryPoints: Object.fromEntries(
      names.map((name) => [`tests/${name}.test`, join(fixtures, `${name}.ts`)]),
    ),
    outdir: join(root, "build"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    sourcemap: true,
  });
  await stop();
  writeFileSync(join(root, "build/tests/stale.test.mjs"), "throw new Error('has no source')");

  const start = (args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess =>
    spawn(process.execPath, [runner, "--root", root, ...args], { env: { ...process.env, ...env } });
  return {
    /** Starts the runner on the fixtures whose path contains one of the filters among the arguments. */
    start,
    /** The same, to its end. */
    run: (args: string[], env?: NodeJS.ProcessEnv) => result(start(args, env)),
    remove: () => rmSync(root, { recursive: true }),
  };
}

/** What a runner has printed and answered, once it has ended. */
export async function result(child: ChildProcess): Promise<RunnerResult> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, output, closing: output.slice(output.trimEnd().lastIndexOf("\n") + 1) };
}
