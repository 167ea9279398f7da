// Builds everything: `dist/` is what users get, `build/` is what this repository runs (tests, scripts, examples).
// It is the one file that is not TypeScript, because it has to run before anything is built.
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import loadWabt from "wabt";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

/** @type {import("esbuild").BuildOptions} */
const common = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: true,
  logLevel: "warning",
};

/**
 * `import source from "worker:./file.ts"` is the text of that file bundled as one script, so that a worker
 * thread, or a page, needs no file of its own beside the bundle that starts it.
 * @type {import("esbuild").Plugin}
 */
const inlineWorker = {
  name: "inline-worker",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^worker:/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.slice("worker:".length)),
      namespace: "worker",
    }));
    onLoad({ filter: /.*/, namespace: "worker" }, async ({ path }) => {
      const { outputFiles, metafile } = await build({
        ...common,
        entryPoints: [path],
        format: "cjs",
        sourcemap: false,
        write: false,
        metafile: true,
      });
      return {
        contents: outputFiles[0]?.text ?? "",
        loader: "text",
        watchFiles: Object.keys(metafile.inputs),
      };
    });
  },
};

/** Every file below `folder` whose name ends so. @param {string} folder @param {string} ending */
const filesBelow = (folder, ending) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(ending))
        .map((name) => join(folder, name))
    : [];

/** The newest modification time of these files, in ms. @param {string[]} files */
const newestMs = (files) => Math.max(0, ...files.map((file) => statSync(file).mtimeMs));

/** The kernel files of a folder, each a module; what lies deeper is for them to import. @param {string} folder */
const kernelsIn = (folder) => filesBelow(folder, ".ts").filter((file) => dirname(file) === folder);

/** Those that come with wray. */
const shippedKernels = kernelsIn("kernels/std");
/** Those that have actors, which want memory that is freed. */
const withActors = [
  ...["kernels/std/actors.ts", "kernels/std/gym.ts"],
  ...["examples/ppo/kernels/ppo.ts", "examples/serve-policy/kernels/serving.ts"],
];
/** Those of `wray attack`; most of what it sends is written in WebAssembly's own text. */
const attackKernels = kernelsIn("kernels/attack");
/** Those of the examples: compiled so that `asc` checks their types and their programs have typings. */
const exampleKernels = readdirSync("examples").flatMap((name) => kernelsIn(`examples/${name}/kernels`));

/** Those of the bench and of the chaos. */
const scriptKernels = ["bench/barrier", "bench/collectives", "bench/recovery", "chaos"].flatMap((name) =>
  kernelsIn(`scripts/${name}/kernels`),
);

/**
 * Compiles kernels with plain `asc`, as many at once as there are cpus, and each only when it or anything it could
 * import is newer. asc writes the typings beside the modules.
 * @param {{ entry: string, output: string }[]} kernels
 */
async function compileKernels(kernels) {
  const inputs = ["asconfig.json", "dist/transform.mjs", ...filesBelow("kernels/sdk", ".ts")];
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const waiting = kernels.filter(({ entry, output }) => {
    const inputMs = newestMs([...inputs, ...filesBelow(dirname(entry), ".ts")]);
    return !existsSync(output) || statSync(output).mtimeMs <= inputMs;
  });
  const compileNext = async () => {
    for (let kernel = waiting.pop(); kernel !== undefined; kernel = waiting.pop()) {
      const { entry, output } = kernel;
      const flags = withActors.includes(entry) ? ["--runtime", "minimal"] : [];
      await promisify(execFile)(process.execPath, [asc, entry, "-o", output, ...flags]).catch((error) => {
        throw new Error(`asc ${entry} failed:\n${error.stderr || error.message}`);
      });
      // What a host carries has no need for the text of the sources, which is 99 % of a map.
      const { version, sources, mappings } = JSON.parse(readFileSync(`${output}.map`, "utf8"));
      await writeFile(`${output}.map`, JSON.stringify({ version, sources, names: [], mappings }));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, compileNext));
}

/** The module of a kernel file. @param {string} entry @param {string} folder */
const moduleIn = (entry, folder) => join(folder, `${basename(entry, ".ts")}.wasm`);

/** What the texts of modules may use, as hosts take it; and several memories, which they refuse. */
const wasmFeatures = {
  ...{ exceptions: true, threads: true, tail_call: true, multi_memory: true, multi_value: true },
  ...{ reference_types: true, bulk_memory: true, simd: true },
};

/**
 * Assembles every `.wat` of a folder that is newer than its module. It is not validated, since a module may be wrong
 * on purpose.
 * @param {string} folder
 * @param {string} output
 */
async function assembleModules(folder, output) {
  await mkdir(output, { recursive: true });
  const { parseWat } = await loadWabt();
  for (const entry of filesBelow(folder, ".wat")) {
    const binary = join(output, `${basename(entry, ".wat")}.wasm`);
    if (existsSync(binary) && statSync(binary).mtimeMs > statSync(entry).mtimeMs) continue;
    const module = parseWat(entry, readFileSync(entry, "utf8"), wasmFeatures);
    module.resolveNames();
    await writeFile(binary, module.toBinary({}).buffer);
    module.destroy();
  }
}

/** Writes only what changed, so that the kernels are not compiled again for nothing. */
async function buildTransform() {
  const { outputFiles } = await build({
    ...common,
    entryPoints: { transform: "kernels/transform/index.ts" },
    outdir: "dist",
    outExtension: { ".js": ".mjs" },
    sourcemap: false,
    packages: "external",
    write: false,
  });
  for (const { path, contents } of outputFiles) {
    if (existsSync(path) && readFileSync(path).equals(contents)) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
  }
}

/** The library, with its dependencies left to npm. */
async function buildLibrary() {
  // What only some programs need is in files of its own; those of the last build may be called differently.
  await rm("dist/parts", { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: { index: "host/index.ts", client: "scheduler/client/index.ts" },
    outdir: "dist",
    splitting: true,
    chunkNames: "parts/[name]-[hash]",
    outExtension: { ".js": ".mjs" },
    packages: "external",
    loader: { ".wasm": "binary", ".map": "text", ".wgsl": "text" },
    plugins: [inlineWorker],
  });
}

/** The command as one file with everything in it, which runs on a machine that has only Node. */
async function buildCommand() {
  await build({
    ...common,
    entryPoints: { wray: "host/cli/main.ts" },
    // Only programs with tables load it, and the command has none.
    // `webgpu` is a native library, which the machine has or not.
    external: ["apache-arrow", "webgpu"],
    outdir: "dist",
    outExtension: { ".js": ".mjs" },
    sourcemap: false,
    minifySyntax: true,
    loader: { ".wasm": "binary", ".map": "text", ".wgsl": "text" },
    plugins: [inlineWorker],
    banner: {
      js: '#!/usr/bin/env node\nimport { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);',
    },
  });
  await chmod("dist/wray.mjs", 0o755);
}

/** Tests, scripts and examples: they import `wray` as a user does, which is the library above. */
const buildRepository = () =>
  build({
    ...common,
    entryPoints: ["tests", "scripts", "examples"]
      .flatMap((folder) => filesBelow(folder, ".ts"))
      .filter((file) => !/^(examples|scripts)\/.*\/kernels\//.test(file) && !file.includes("/fixtures/")),
    outbase: ".",
    outdir: "build",
    outExtension: { ".js": ".mjs" },
    splitting: true,
    packages: "external",
    loader: { ".wasm": "binary", ".map": "text", ".wgsl": "text", ".html": "text", ".css": "text" },
    plugins: [inlineWorker],
  });

/** asc finds a transform only in node_modules, so this package stands there as it does at its users. */
function linkSelf() {
  if (!existsSync("node_modules/wray")) symlinkSync("..", "node_modules/wray", "dir");
}

/** The kernels that come with wray, for the package's own types. */
async function writeShippedTypings() {
  const script = "build/scripts/shipped-typings.mjs";
  const modules = shipped.map(({ output }) => output);
  await promisify(execFile)(process.execPath, [script, "dist/std/modules.ts", ...modules]);
}

/** What kernels of tensors can be run in several ways. */
async function addVariants() {
  const script = "build/scripts/add-variants.mjs";
  await build({
    ...common,
    entryPoints: ["scripts/add-variants.ts"],
    outfile: script,
    packages: "external",
    loader: { ".wgsl": "text" },
  });
  await promisify(execFile)(process.execPath, [script, "dist/std/tensor.wasm"]);
}

linkSelf();
await buildTransform();
const shipped = shippedKernels.map((entry) => ({ entry, output: moduleIn(entry, "dist/std") }));
const attacks = attackKernels.map((entry) => ({ entry, output: moduleIn(entry, "dist/attack") }));
const others = [...exampleKernels, ...scriptKernels].map((entry) => ({
  entry,
  output: moduleIn(entry, "build"),
}));
await Promise.all([
  compileKernels([...shipped, ...attacks, ...others]),
  assembleModules("kernels/attack", "dist/attack"),
]);
await addVariants();
await Promise.all([buildLibrary(), buildCommand(), buildRepository()]);
await writeShippedTypings();
