import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findChromium } from "../support/browser/find-chromium.ts";
import { assert, suite, type TestContext } from "../support/index.ts";

const test = suite("findChromium");

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wray-chromium-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A program that runs, or one that lacks a library. */
async function putProgram(path: string, exitCode = 0): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho lacks a library >&2\nexit ${exitCode}\n`, { mode: 0o755 });
  return path;
}

const inRoot = "usr/lib/chromium/chromium-headless-shell";
const unpackNothing = () => Promise.reject(new Error("apt-get: no such program"));

test("findChromium() takes an installed one that runs, and unpacks nothing", async (t) => {
  const folder = await temporaryFolder(t);
  await putProgram(join(folder, "chromium-headless-shell"), 1);
  const program = await putProgram(join(folder, "chromium"));
  const found = await findChromium({
    folders: [folder],
    cache: join(folder, "cache"),
    unpack: unpackNothing,
  });
  assert.is(found.isFound && found.program, program);
});

test("findChromium() unpacks one that finds the libraries beside it, once", async (t) => {
  const cache = join(await temporaryFolder(t), "wray/chromium");
  const lines: string[] = [];
  const unpack = async (folder: string) => {
    const root = join(folder, "root");
    await putProgram(join(root, inRoot));
    await mkdir(join(root, "usr/lib/triplet/sound"), { recursive: true });
    await writeFile(join(root, "usr/lib/triplet/sound/libsound.so.1"), "");
    return root;
  };
  const onProgress = (line: string) => void lines.push(line);
  for (const installer of [unpack, unpackNothing]) {
    const found = await findChromium({ folders: [], cache, unpack: installer, onProgress });
    assert.ok(found.isFound);
    assert.is(found.program, join(cache, inRoot));
    assert.is(found.env.LD_LIBRARY_PATH, join(cache, "usr/lib/triplet/sound"));
  }
  assert.is(lines.length, 1);
  assert.equal(await readdir(dirname(cache)), ["chromium"]);
});

test("findChromium() replaces one in the cache that runs no more", async (t) => {
  const cache = join(await temporaryFolder(t), "chromium");
  await putProgram(join(cache, inRoot), 1);
  const unpack = async (folder: string) => {
    await putProgram(join(folder, "root", inRoot));
    return join(folder, "root");
  };
  assert.ok((await findChromium({ folders: [], cache, unpack })).isFound);
});

test("findChromium() gives all reasons when there is none to be had, and leaves nothing behind", async (t) => {
  const folder = await temporaryFolder(t);
  const program = await putProgram(join(folder, "bin/chromium"), 1);
  const cache = join(folder, "cache/chromium");
  const found = await findChromium({ folders: [dirname(program)], cache, unpack: unpackNothing });
  const reasons = [`${program}: ${program}: lacks a library`, "apt-get: no such program"];
  assert.equal(found, { isFound: false, reasons });
  assert.equal(await readdir(dirname(cache)), []);
});
