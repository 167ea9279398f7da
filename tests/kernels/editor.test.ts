import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, suite, type TestContext } from "../support/index.ts";
import { root } from "./asc.ts";
import { tsc } from "./tsc.ts";

const test = suite("kernels in an editor");

const extending = '{ "extends": "wray/kernels/tsconfig.json" }\n';

/** A user's project: `host.ts` for Node, and a kernel in a folder of its own, as files. */
async function createProject({ after }: Pick<TestContext, "after">, kernel: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wray-editor-"));
  after(() => rm(folder, { recursive: true }));
  const packages = join(folder, "node_modules");
  await mkdir(join(packages, "wray"), { recursive: true });
  await mkdir(join(folder, "kernels"));
  await symlink(join(root, "node_modules/assemblyscript"), join(packages, "assemblyscript"));
  for (const path of ["package.json", "kernels/sdk", "kernels/types", "kernels/tsconfig.json"]) {
    await cp(join(root, path), join(packages, "wray", path), { recursive: true });
  }
  await writeFile(join(folder, "kernels/tsconfig.json"), extending);
  await writeFile(join(folder, "kernels/mine.ts"), kernel);
  return folder;
}

const kernel = `import { get, log, put, type Ref, remote } from "wray/kernels/sdk";

export function sum(values: StaticArray<f64>, from: i32 = 0): f64 {
  let total: f64 = 0;
  for (let i = from; i < values.length; i++) total += unchecked(values[i]);
  log("sum " + total.toString());
  const greeting: Ref<string> = remote<string>("hello/greet", "Ada", put<f64>(total), <u8>1, [total]);
  log(get(greeting));
  return Number.MAX_VALUE + f64x2.extract_lane(f64x2.splat(total), 0) + <f64>load<u8>(0);
}
`;

const examples = (await readdir(join(root, "examples")))
  .map((name) => `examples/${name}/kernels`)
  // Some use those of others.
  .filter((folder) => existsSync(join(root, folder)));

for (const folder of ["kernels", ...examples]) {
  test(`tsc finds no fault in ${folder}, and has looked`, async () => {
    const { exitCode, stdout } = await tsc(["-p", folder, "--listFiles"], root);
    const sources = (await readdir(join(root, folder), { recursive: true })).filter(
      (name) => name.endsWith(".ts") && !name.startsWith("transform/") && !name.endsWith(".d.ts"),
    );
    assert.is(exitCode, 0, stdout);
    assert.ok(sources.length > 0);
    for (const name of sources) assert.match(stdout, join(root, folder, name));
  });
}

test("tsc finds no fault in a user's kernel that imports the sdk", async (t) => {
  const project = await createProject(t, kernel);
  assert.equal(await tsc(["-p", "kernels"], project), { exitCode: 0, stdout: "" });
});

const actor = `@actor
export class Counter {
  private count: i32 = 0;

  @readonly
  value(): i32 {
    return this.count;
  }
}
`;

test("tsc knows the decorators of actors", async (t) => {
  const project = await createProject(t, actor);
  assert.equal(await tsc(["-p", "kernels"], project), { exitCode: 0, stdout: "" });
});

test("tsc finds the decorators of actors where they mean nothing", async (t) => {
  const wrong = actor.replace("export class", "export abstract class").replace("value()", "get value()");
  const project = await createProject(t, wrong);
  const { stdout } = await tsc(["-p", "kernels"], project);
  const at = [...stdout.matchAll(/^kernels\/mine\.ts\((\d+),\d+\): error/gm)].map(([, line]) => Number(line));
  assert.equal(at, [1, 5]);
});

test("tsc knows what a nested task returns", async (t) => {
  const project = await createProject(t, kernel.replace("log(get(greeting))", "log(get(put<f64>(1)))"));
  const { stdout } = await tsc(["-p", "kernels"], project);
  assert.match(stdout, /^kernels\/mine\.ts\(8,7\): error TS2345: Argument of type 'number'/);
});

test("tsc finds what is wrong with a user's kernel", async (t) => {
  const project = await createProject(t, kernel.replace('"sum " + total.toString()', "total"));
  const { exitCode, stdout } = await tsc(["-p", "kernels"], project);
  assert.is.not(exitCode, 0);
  assert.match(stdout, /^kernels\/mine\.ts\(6,7\): error TS2345: Argument of type 'number'/);
});

test("tsc knows nothing of AssemblyScript in the programs beside the kernels", async (t) => {
  const project = await createProject(t, kernel);
  await writeFile(
    join(project, "tsconfig.json"),
    '{ "compilerOptions": { "noEmit": true, "types": [] }, "exclude": ["kernels"] }',
  );
  await writeFile(join(project, "host.ts"), "const count: i32 = 5;\nconst lanes: v128 = f64x2.splat(1);\n");
  const { stdout } = await tsc(["-p", "."], project);
  const unknown = [...stdout.matchAll(/^host\.ts.* error TS\d+: Cannot find name '(\w+)'/gm)];
  assert.equal(
    unknown.map(([, name]) => name),
    ["i32", "v128", "f64x2"],
  );
});
