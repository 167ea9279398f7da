import { resolve } from "node:path";
import { outputPath } from "../../kernels/transform/output-path.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("outputPath()");

/** The path for a command line, in a project whose configurations are these. */
async function pathOf(line: string, configs: Record<string, object> = {}): Promise<string | undefined> {
  const files = new Map(
    Object.entries(configs).map(([path, config]) => [resolve("/project", path), JSON.stringify(config)]),
  );
  const [script, ...args] = line.split(" ");
  return outputPath(
    ["node", `/project/node_modules/.bin/${script}`, ...args],
    "/project",
    (path, baseDir) => {
      return files.get(resolve(baseDir, path)) ?? null;
    },
  );
}

test("outputPath() is what the command line says, relative to the base folder", async () => {
  for (const option of [
    "-o build/k.wasm",
    "-o=build/k.wasm",
    "--outFile build/k.wasm",
    "--outFile=build/k.wasm",
  ]) {
    assert.is(await pathOf(`asc k.ts ${option} -O`), "/project/build/k.wasm", option);
  }
  assert.is(await pathOf("asc.js -o /elsewhere/k.wasm k.ts"), "/elsewhere/k.wasm");
});

test("outputPath() is what the target of asconfig.json says when the command line does not", async () => {
  const config = {
    options: { outFile: "general.wasm" },
    targets: { release: { outFile: "release.wasm" }, debug: { outFile: "debug.wasm" }, bare: {} },
  };
  const configs = {
    "asconfig.json": config,
    "other/as.json": { targets: { release: { outFile: "k.wasm" } } },
  };
  assert.is(await pathOf("asc k.ts", configs), "/project/release.wasm");
  assert.is(await pathOf("asc k.ts --target debug", configs), "/project/debug.wasm");
  assert.is(await pathOf("asc k.ts --target bare", configs), "/project/general.wasm");
  assert.is(await pathOf("asc k.ts --config other/as.json", configs), "/project/other/k.wasm");
  assert.is(await pathOf("asc k.ts -o mine.wasm", configs), "/project/mine.wasm");
});

test("outputPath() is undefined when no module is written to a file", async () => {
  const configs = { "asconfig.json": { extends: "wray/asconfig.json" } };
  for (const line of ["asc k.ts", "asc k.ts -o", "asc k.ts -o -O", "asc k.ts -o k.wasm --noEmit"]) {
    assert.is(await pathOf(line, configs), undefined, line);
    assert.is(await pathOf(line), undefined, line);
  }
});

test("outputPath() is undefined when another program runs the compiler", async () => {
  assert.is(await pathOf("bundle.mjs k.ts -o k.wasm"), undefined);
});
