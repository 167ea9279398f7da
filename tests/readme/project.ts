import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "../support/index.ts";
import { run, type ShellOptions } from "./shell.ts";

/** The repository, wherever the bundle of this file lies. */
export const root = dirname(fileURLToPath(import.meta.resolve("wray/package.json")));

/** The two commands of README that bring wray into a project. */
export const packCommand = "npm pack --pack-destination ..";
export const installCommand = "npm install ../wray-0.1.0.tgz assemblyscript";

/** A project of a user, beside the tarball that wray was installed from. */
export type Project = ShellOptions & {
  /** Holds the project and the tarball. */
  parent: string;
  /** The folder of wray in it. */
  wray: string;
};

/**
 * Packs wray as `npm pack` does, and installs it into a new project as `npm install` does. The repository is built
 * already, other tests are using that, and there is no network. So `prepack` is run alone and writes the declarations
 * to where they are installed, and what wray needs comes from the repository's own packages.
 */
export async function createProject(t: Pick<TestContext, "after">): Promise<Project> {
  const parent = await mkdtemp(join(tmpdir(), "wray-readme-"));
  t.after(() => rm(parent, { recursive: true }));
  const npmCache = join(parent, "npm-cache");
  const cwd = join(parent, "project");
  await mkdir(join(cwd, "node_modules"), { recursive: true });

  const { scripts, dependencies } = await readPackage(root);
  await run(`${packCommand.replace("..", parent)} --ignore-scripts`, { cwd: root, npmCache });
  await copyPackages(Object.keys(dependencies), cwd);
  await run(installCommand.replace(" assemblyscript", ""), { cwd, npmCache });
  await linkTool("assemblyscript", "asc", "bin/asc.js", cwd);
  const wray = join(cwd, "node_modules/wray");
  const types = join(wray, "dist/types");
  await rm(types, { recursive: true, force: true });
  await run(`npx ${scripts.prepack} --outDir ${types}`, { cwd: root, npmCache });
  return { parent, cwd, npmCache, wray };
}

/** Makes a package of the repository one of the project's, with a command of it. */
export async function linkTool(name: string, command: string, path: string, project: string): Promise<void> {
  await symlink(join(root, "node_modules", name), join(project, "node_modules", name));
  await symlink(join("..", name, path), join(project, "node_modules/.bin", command));
}

/** Packages of the repository with all that they need, so that npm finds them installed. */
async function copyPackages(names: readonly string[], project: string, copied = new Set<string>()) {
  for (const name of names) {
    if (copied.has(name)) continue;
    copied.add(name);
    const folder = join(root, "node_modules", name);
    await cp(folder, join(project, "node_modules", name), { recursive: true });
    await copyPackages(Object.keys((await readPackage(folder)).dependencies), project, copied);
  }
}

export type PackageJson = {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
  bin: Record<string, string>;
};

export async function readPackage(folder: string): Promise<PackageJson> {
  const json = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  return { scripts: {}, dependencies: {}, exports: {}, bin: {}, ...json };
}
