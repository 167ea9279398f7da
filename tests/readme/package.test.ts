import { access, constants, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, suite } from "../support/index.ts";
import { createProject, linkTool, type Project, readPackage, root } from "./project.ts";
import { run } from "./shell.ts";
import { typedCallTests } from "./typed-calls.ts";

const test = suite("package");

let project: Project;

test.before(
  async (t) => {
    project = await createProject(t);
    await linkTool("typescript", "tsc", "bin/tsc", project.cwd);
  },
  { timeoutMs: 60_000 },
);

typedCallTests(test, () => project);

test("the tarball holds every file that package.json names", async () => {
  const { exports, bin } = await readPackage(project.wray);
  const paths = Object.values(exports).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  for (const path of [...paths, ...Object.values(bin)]) await access(join(project.wray, path));
  await access(join(project.cwd, "node_modules/.bin/wray"), constants.X_OK);
});

test("the tarball holds no sources but those of kernels, no tests and no packages", async () => {
  const top = [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "asconfig.json",
    "dist",
    "docs",
    "kernels",
    "package.json",
  ];
  assert.equal((await readdir(project.wray)).sort(), top);
  assert.equal(await readdir(join(project.wray, "kernels")), ["sdk", "tsconfig.json", "types"]);
});

test("init() runs a task when it comes from the tarball", async () => {
  const program = `import { init } from "wray";
    const wray = await init({ cpus: 1 });
    console.log(await wray.get((await wray.remote("math/add")).remote(1, 2)));
    await wray.shutdown();`;
  await writeFile(join(project.cwd, "add.mjs"), program);
  assert.is(await run("node add.mjs", project), "3\n");
});

test("wray/client fails with a clear error when no server answers", async () => {
  const program = `import { init } from "wray/client";
    await init({ servers: "nats://127.0.0.1:1" }).catch((error) => console.log(error.code));`;
  await writeFile(join(project.cwd, "client.mjs"), program);
  assert.is(await run("node client.mjs", project), "CONNECTION_FAILED\n");
});

/** The types as users meet them: a right program, and a line that must not pass. */
const typed = `import { type Client, init, type Kernel, type ObjectRef, TaskError, Tensor, type Type } from "wray";
import { init as connect } from "wray/client";

const wray: Client = await init({ cpus: 1 });
const add: Kernel = await wray.remote("math/add");
const ref: ObjectRef = add.options({ timeoutMs: 5, maxRetries: 0 }).remote(1, 2);
const list: Float64Array = await wray.get(wray.put(new Float64Array(4)));
const { ready, pending } = await wray.wait([ref], { numReturns: 1, timeoutMs: 10 });
const [node] = wray.nodes();
const module = await wray.load(new URL("hello.wasm", import.meta.url));
const type: Type | undefined = module.manifest.kernels[0]?.params[0]?.type;
const code = (error: unknown): string => (error instanceof TaskError ? error.code : "");
const joined: Client = await connect({ servers: ["nats://127.0.0.1:4222"], token: "secret", tlsCa: "ca.pem" });
const tensor: Tensor<Float32Array> = await wray.get(wray.put(new Tensor(Float32Array.of(1, 2), [2, 1])));
const scale = await wray.remote("vector/scale");
const scaled: ObjectRef<Float64Array> = scale.remote(new Tensor(Float64Array.of(1), [1]), 2);
scale.remote(wray.put(new Tensor(Float64Array.of(1), [1])), 2);
console.log(tensor.data, tensor.shape, scaled);
console.log(list, ready, pending, node?.id, type, code, joined);

// @ts-expect-error
scale.remote(tensor, 2);
// @ts-expect-error
await init({ servers: "nats://127.0.0.1:4222", unknown: 1 });
// @ts-expect-error
await init({ token: "of no server" });
// @ts-expect-error
await connect({});
`;

for (const [module, target] of [
  ["nodenext", "es2022"],
  ["esnext", "esnext"],
] as const) {
  test(`its types fit a program when tsc checks libraries, too, with module ${module}`, async () => {
    const resolution = module === "esnext" ? { moduleResolution: "bundler" } : {};
    const compilerOptions = {
      module,
      target,
      ...resolution,
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    };
    const types = { typeRoots: [join(root, "node_modules/@types")], types: ["node"] };
    await writeFile(join(project.cwd, "typed.mts"), typed);
    await writeFile(
      join(project.cwd, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...compilerOptions, ...types }, files: ["typed.mts"] }),
    );
    await run("npx tsc --pretty false", project);
  });
}
