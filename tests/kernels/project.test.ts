import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, suite } from "../support/index.ts";
import { compile, root } from "./asc.ts";
import { instantiate } from "./instance.ts";

const test = suite("a user's project");

const kernel = `import { log } from "wray/kernels/sdk";

export function greet(name: string): i32 {
  log("hello, " + name);
  return name.length;
}
`;

/** A project that has wray and AssemblyScript among its packages, and one kernel. */
async function createProject(installWray: (folder: string) => Promise<unknown>): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), "wray-project-"));
  await mkdir(join(project, "node_modules/.bin"), { recursive: true });
  await mkdir(join(project, "kernels"));
  await symlink(join(root, "node_modules/assemblyscript"), join(project, "node_modules/assemblyscript"));
  await symlink("../assemblyscript/bin/asc.js", join(project, "node_modules/.bin/asc"));
  await installWray(join(project, "node_modules/wray"));
  await writeFile(join(project, "asconfig.json"), '{ "extends": "wray/asconfig.json" }\n');
  await writeFile(join(project, "kernels/hello.ts"), kernel);
  return project;
}

/** What the published package holds, as far as `asc` needs it. */
const published = ["package.json", "asconfig.json", "dist/transform.mjs", "kernels/sdk"];

const installations = {
  linked: (folder: string) => symlink(root, folder),
  copied: (folder: string) =>
    Promise.all(published.map((path) => cp(join(root, path), join(folder, path), { recursive: true }))),
};

for (const [way, installWray] of Object.entries(installations)) {
  test(`asc compiles kernels that import the sdk when wray is ${way} into node_modules`, async (t) => {
    const project = await createProject(installWray);
    t.after(() => rm(project, { recursive: true }));
    const compiled = await compile("kernels/hello.ts", [], project);

    assert.equal(compiled.manifest.kernels, [
      {
        name: "greet",
        params: [{ name: "name", type: "string" }],
        returns: "i32",
        file: "kernels/hello.ts",
        line: 3,
      },
    ]);
    const imports = WebAssembly.Module.imports(compiled.wasm).map(({ module, name }) => `${module}.${name}`);
    assert.equal(imports.sort(), ["env.abort", "wray.log"]);
    const lines: string[] = [];
    assert.is(instantiate(compiled, (line) => lines.push(line)).call("greet", "Grace"), 5);
    assert.equal(lines, ["hello, Grace"]);
  });
}
