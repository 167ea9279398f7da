import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import { unpackDebianPackage } from "./debian.ts";
import { run } from "./run.ts";

/** A way to get a software adapter without touching the system. */
export type SoftwareInstaller = {
  /** What it comes from, for progress and reasons. */
  title: string;
  /** Gets the files into this empty folder, and gives the path of the one that they are in. */
  unpack(folder: string): Promise<string>;
};

/** Of 30 MB, 6 are kept. It brings a Vulkan of its own. */
export const chromiumPackage: SoftwareInstaller = {
  title: "Debian's chromium-common",
  unpack: async (folder) => join(await unpackDebianPackage("chromium-common", folder), "usr/lib/chromium"),
};

const packed = "node_modules/@sparticuz/chromium/bin/swiftshader.tar.br";

/** A Chromium for serverless functions, which a program may have installed for other reasons. */
export const sparticuzPackage: SoftwareInstaller = {
  title: "the installed @sparticuz/chromium",
  async unpack(folder) {
    const path = above(process.cwd())
      .map((parent) => join(parent, packed))
      .find((candidate) => existsSync(candidate));
    if (path === undefined) throw new Error("it is not installed");
    const archive = join(folder, "swiftshader.tar");
    await writeFile(archive, await promisify(brotliDecompress)(await readFile(path)));
    await run("tar", ["-x", "--no-same-owner", "-f", archive], { cwd: folder });
    return folder;
  },
};

/** A folder and those that it is in. */
const above = (folder: string): string[] =>
  folder === dirname(folder) ? [folder] : [folder, ...above(dirname(folder))];
