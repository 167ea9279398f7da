import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findNatsServer, officialArchive } from "../../scripts/nats/index.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const run = promisify(execFile);
const NOBODY = 65534;
const test = suite("nats-install");

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wray-install-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("officialArchive() says why when the server cannot be reached", async (t) => {
  const cache = await temporaryFolder(t);
  const http = createServer().listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  http.close();
  await once(http, "close");
  const installers = [officialArchive({ url: `http://127.0.0.1:${port}/`, sha256: "" })];
  const { message } = await rejects(
    findNatsServer({ folders: [], cache, installers }),
    "NATS_SERVER_NOT_FOUND",
  );
  assert.match(message, `ECONNREFUSED 127.0.0.1:${port}`);
});

/** An archive laid out as the official one, served on loopback, and an empty cache. */
async function release(t: TestContext, status = 200) {
  const root = await temporaryFolder(t);
  const server = join(root, "nats-server-v2.14.5-linux-test/nats-server");
  await mkdir(join(server, ".."));
  await writeFile(server, '#!/bin/sh\necho "nats-server: v2.14.5"\n');
  await chmod(server, 0o755);
  await run("tar", ["-czf", "release.tar.gz", "nats-server-v2.14.5-linux-test"], { cwd: root });
  const bytes = await readFile(join(root, "release.tar.gz"));
  const http = createServer((_, response) => response.writeHead(status).end(bytes)).listen(0, "127.0.0.1");
  t.after(() => http.close());
  await once(http, "listening");
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/release.tar.gz`;
  const cache = join(root, "cache");
  return { url, cache, bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

test("officialArchive() installs the server when the checksum is right", async (t) => {
  const { url, sha256, cache } = await release(t);
  const path = await findNatsServer({ folders: [], cache, installers: [officialArchive({ url, sha256 })] });
  assert.is(path, join(cache, "nats-server"));
  assert.match((await run(path, ["--version"])).stdout, "2.14.5");
  assert.equal(await readdir(cache), ["nats-server"]);
});

test("officialArchive() refuses the archive when the checksum is wrong", async (t) => {
  const { url, sha256, cache } = await release(t);
  const expected = "0".repeat(64);
  const folder = await temporaryFolder(t);
  const refused = await rejects(
    officialArchive({ url, sha256: expected }).unpack(folder),
    "CHECKSUM_MISMATCH",
  );
  assert.match(refused.message, `${url} was refused: expected sha-256 ${expected}, got ${sha256}`);
  assert.equal(await readdir(folder), []);

  const installers = [officialArchive({ url, sha256: expected })];
  const { message } = await rejects(
    findNatsServer({ folders: [], cache, installers }),
    "NATS_SERVER_NOT_FOUND",
  );
  assert.match(message, `expected sha-256 ${expected}, got ${sha256}`);
  assert.equal(await readdir(cache), []);
});

test("officialArchive() says why when there is no such archive", async (t) => {
  const { url, sha256, cache } = await release(t, 404);
  const missing = findNatsServer({ folders: [], cache, installers: [officialArchive({ url, sha256 })] });
  assert.match((await rejects(missing, "NATS_SERVER_NOT_FOUND")).message, `${url}: HTTP status 404`);
});

const built = JSON.stringify(new URL("../../scripts/nats/index.mjs", import.meta.url).href);
const asNobody = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];

/** Whether this process can give up its rights and still read what is built here. */
async function canBeNobody(): Promise<boolean> {
  return (
    process.getuid?.() === 0 &&
    (await works("setpriv", ...asNobody, process.execPath, "-e", `import(${built})`))
  );
}

const works = (program: string, ...args: string[]) =>
  run(program, args, { cwd: "/" }).then(
    () => true,
    () => false,
  );

const title = "debianPackage installs the server without rights when two processes do so at once";
const hasApt = await works("apt-get", "--version");
if (!hasApt) test.skip(title, "this machine has no apt-get");
else {
  test(
    title,
    async (t) => {
      // Not in TMPDIR, which may be closed to others.
      const root = await mkdtemp("/tmp/wray-install-");
      t.after(() => rm(root, { recursive: true, force: true }));
      const prefix = (await canBeNobody()) ? ["setpriv", ...asNobody] : [];
      if (prefix.length > 0) await chown(root, NOBODY, NOBODY);
      const cache = join(root, "home of nobody");
      const script = `
        import { debianPackage, findNatsServer } from ${built};
        const options = { folders: [], cache: ${JSON.stringify(cache)}, installers: [debianPackage] };
        process.stdout.write(await findNatsServer(options));
      `;
      const [program = "", ...args] = [...prefix, process.execPath, "--input-type=module", "-e", script];
      const path = join(cache, "nats-server");
      const installed = await Promise.all([0, 1].map(() => run(program, args, { cwd: "/" })));
      for (const { stdout } of installed) assert.is(stdout, path);
      assert.equal(await readdir(cache), ["nats-server"]);
      assert.is(await findNatsServer({ folders: [], cache, installers: [] }), path, "needs no network again");
    },
    { timeoutMs: 120_000 },
  );
}
