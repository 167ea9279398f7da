import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../../scripts/nats/cache.ts";
import { searchFolders } from "../../scripts/nats/executable.ts";
import { findNatsServer, type Installer } from "../../scripts/nats/index.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("nats-find");

/** A folder with a cache and a folder of programs in it, gone after the test. */
async function folders(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), "wray-find-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const [cache, programs] = [join(root, "cache"), join(root, "bin")];
  await mkdir(cache);
  await mkdir(programs);
  return { cache, programs };
}

/** Writes a program that answers `--version` as nats-server does. */
async function writeServer(folder: string, version = "2.10.0"): Promise<string> {
  const path = join(folder, "nats-server");
  await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  await chmod(path, 0o755);
  return path;
}

const working: Installer = { title: "a working source", unpack: (folder) => writeServer(folder) };

const broken: Installer = {
  title: "a broken source",
  unpack: async (folder) => {
    await writeFile(join(folder, "half"), "");
    throw new Error("it is down");
  },
};

const never: Installer = {
  title: "a source that is not needed",
  unpack: async () => assert.unreachable("nothing had to be installed") as never,
};

test("findNatsServer() gives the installed server when there is one", async (t) => {
  const { cache, programs } = await folders(t);
  await writeServer(cache);
  const path = await writeServer(programs);
  assert.is(await findNatsServer({ folders: ["/nonexistent", programs], cache, installers: [never] }), path);
});

test("findNatsServer() gives the cached server when none is installed", async (t) => {
  const { cache } = await folders(t);
  const path = await writeServer(cache);
  assert.is(await findNatsServer({ folders: [], cache, installers: [never] }), path);
});

test("findNatsServer() passes over an installed server when it is too old", async (t) => {
  const { cache, programs } = await folders(t);
  await writeServer(programs, "2.8.4");
  const path = await writeServer(cache, "3.0.0");
  assert.is(await findNatsServer({ folders: [programs], cache, installers: [never] }), path);
});

test("findNatsServer() replaces the cached file when it does not run", async (t) => {
  const { cache } = await folders(t);
  const path = join(cache, "nats-server");
  for (const mode of [0o644, 0o755]) {
    await writeFile(path, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3]));
    await chmod(path, mode);
    assert.is(await findNatsServer({ folders: [], cache, installers: [working] }), path);
    assert.match(await readFile(path, "utf8"), "2.10.0");
  }
  assert.equal(await readdir(cache), ["nats-server"]);
});

test("findNatsServer() tries the next source when one fails and tells the user of each", async (t) => {
  const { cache } = await folders(t);
  const lines: string[] = [];
  const onProgress = (line: string) => lines.push(line);
  const path = await findNatsServer({ folders: [], cache, installers: [broken, working], onProgress });
  assert.is(path, join(cache, "nats-server"));
  assert.equal(lines, [
    `nats-server: installing a broken source into ${cache}`,
    `nats-server: installing a working source into ${cache}`,
  ]);
  assert.equal(await readdir(cache), ["nats-server"]);
});

test("findNatsServer() gives a working server to all when several install at once", async (t) => {
  const { cache } = await folders(t);
  const all = Array.from({ length: 8 }, () => findNatsServer({ folders: [], cache, installers: [working] }));
  assert.equal(new Set(await Promise.all(all)), new Set([join(cache, "nats-server")]));
  assert.equal(await readdir(cache), ["nats-server"]);
});

test("findNatsServer() removes what a killed installation left when that is old", async (t) => {
  const { cache } = await folders(t);
  const [old, recent] = [join(cache, ".unpack-old"), join(cache, ".unpack-recent")];
  await mkdir(old);
  await mkdir(recent);
  await utimes(old, 0, 0);
  await findNatsServer({ folders: [], cache, installers: [working] });
  assert.equal([existsSync(old), existsSync(recent)], [false, true]);
});

test("findNatsServer() lists everything it tried when nothing works", async (t) => {
  const { cache, programs } = await folders(t);
  await writeServer(programs, "2.8.4");
  const wrong: Installer = {
    title: "a wrong program",
    unpack: async (folder) => {
      const path = await writeServer(folder);
      await writeFile(path, "#!/bin/sh\necho hello\n");
      return path;
    },
  };
  const found = findNatsServer({ folders: [programs], cache, installers: [broken, wrong] });
  const { message } = await rejects(found, "NATS_SERVER_NOT_FOUND");
  assert.match(message, `${programs}/nats-server is 2.8, older than 2.9`);
  assert.match(message, "a broken source: it is down");
  assert.match(message, /a wrong program: .*--version printed "hello"/);
  assert.match(message, "apt-get install nats-server");
  assert.equal(await readdir(cache), []);
});

test("findNatsServer() names the folders it searched when they hold nothing", async (t) => {
  const { programs } = await folders(t);
  const cache = join(await writeServer(programs), "cache");
  const found = findNatsServer({ folders: ["/nonexistent/bin"], cache, installers: [working] });
  const { message } = await rejects(found, "NATS_SERVER_NOT_FOUND");
  assert.match(message, `not in any of /nonexistent/bin, ${cache}`);
  assert.match(message, "a working source: ENOTDIR");
});

test("searchFolders() has the system folders behind the PATH and no relative ones", () => {
  assert.equal(searchFolders({ PATH: "/a:.::/usr/sbin" }), ["/a", "/usr/sbin", "/usr/local/sbin"]);
  assert.equal(searchFolders({}), ["/usr/local/sbin", "/usr/sbin"]);
});

test("cacheFolder() follows XDG_CACHE_HOME when that is absolute", () => {
  assert.is(cacheFolder({ XDG_CACHE_HOME: "/x", HOME: "/home/u" }), "/x/wray/nats-server");
  assert.is(cacheFolder({ XDG_CACHE_HOME: "x", HOME: "/home/u" }), "/home/u/.cache/wray/nats-server");
  assert.is(cacheFolder({ HOME: "/home/u" }), "/home/u/.cache/wray/nats-server");
});
