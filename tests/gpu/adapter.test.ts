import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { sparticuzPackage } from "../../gpu/adapter/installers.ts";
import { run } from "../../gpu/adapter/run.ts";
import { type SetUpOptions, setUpAdapter } from "../../gpu/adapter/setup.ts";
import { adapterSources, softwareFiles, softwareIn } from "../../gpu/adapter/sources.ts";
import { openGpu } from "../../gpu/index.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("adapters");

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wray-adapter-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function putFiles(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of [...Object.values(softwareFiles), "libEGL.so"])
    await writeFile(join(folder, name), name);
  return folder;
}

/** Only a software adapter works. */
const onlySoftware: SetUpOptions["tryOut"] = async (sources) => {
  if (!sources.some(({ kind }) => kind === "software")) throw new Error("no adapter");
  return { name: "SwiftShader", isSoftware: true };
};

test("adapterSources() has the machine's own first, then what is unpacked", async (t) => {
  const home = await temporaryFolder(t);
  assert.equal(adapterSources({ XDG_CACHE_HOME: home })[0], { kind: "system" });
  const folder = await putFiles(join(home, "wray/swiftshader"));
  const driver = join(folder, softwareFiles.driver);
  assert.equal(adapterSources({ XDG_CACHE_HOME: home })[1], {
    kind: "software",
    driver,
    loader: join(folder, softwareFiles.loader),
  });
});

test("setUpAdapter() unpacks nothing when there is an adapter", async () => {
  const setUp = await setUpAdapter({
    tryOut: async () => ({ name: "a GPU", isSoftware: false }),
    installers: [],
  });
  assert.equal(setUp, { isReady: true, adapter: "a GPU", isSoftware: false });
});

test("setUpAdapter() takes the first installer that works, and keeps only what is needed", async (t) => {
  const root = await temporaryFolder(t);
  const folder = join(root, "cache/swiftshader");
  const lines: string[] = [];
  const setUp = await setUpAdapter({
    tryOut: onlySoftware,
    onProgress: (line) => lines.push(line),
    sources: [{ kind: "system" }],
    folder,
    installers: [
      { title: "one that fails", unpack: () => Promise.reject(new Error("no such package")) },
      { title: "one that works", unpack: (work) => putFiles(join(work, "some/where")) },
    ],
  });
  assert.equal(setUp, { isReady: true, adapter: "SwiftShader", isSoftware: true });
  assert.equal((await readdir(folder)).sort(), Object.values(softwareFiles).sort());
  assert.equal(await readdir(join(root, "cache")), ["swiftshader"]);
  assert.match(lines.join("\n"), /one that fails .*\n.*one that works/);
});

test("setUpAdapter() gives all reasons, and leaves nothing behind, when there is none to be had", async (t) => {
  const root = await temporaryFolder(t);
  const setUp = await setUpAdapter({
    tryOut: () => Promise.reject(new Error("no adapter")),
    sources: [{ kind: "system" }],
    folder: join(root, "swiftshader"),
    installers: [{ title: "a package", unpack: () => Promise.reject(new Error("apt-get: no such program")) }],
  });
  assert.equal(setUp, {
    isReady: false,
    reasons: ["what is there: no adapter", "a package: apt-get: no such program"],
  });
  assert.equal(await readdir(root), []);
});

test("sparticuzPackage unpacks the files of a package that is installed above", async (t) => {
  const root = await temporaryFolder(t);
  const files = await putFiles(join(root, "files"));
  const archive = join(root, "archive.tar");
  await run("tar", ["-c", "-f", archive, "-C", files, ...Object.values(softwareFiles)]);
  const bin = join(root, "node_modules/@sparticuz/chromium/bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, "swiftshader.tar.br"), brotliCompressSync(await readFile(archive)));
  const before = process.cwd();
  t.after(() => process.chdir(before));
  await mkdir(join(root, "deep/er"), { recursive: true });
  process.chdir(join(root, "deep/er"));
  await mkdir(join(root, "work"));
  assert.ok(softwareIn(await sparticuzPackage.unpack(join(root, "work"))));
});

test("openGpu() says why there is none", async () => {
  const missing = { kind: "software", driver: "/nowhere/driver.json" } as const;
  const { message } = await rejects(openGpu({ sources: [missing] }), "INFEASIBLE_TASK");
  assert.match(message, "/nowhere/driver.json: no adapter");
  await rejects(openGpu({ sources: [] }), "INFEASIBLE_TASK");
});
