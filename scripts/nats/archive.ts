import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../gpu/adapter/run.ts";
import type { Installer } from "./cache.ts";
import { messageOf, NatsServerError } from "./error.ts";

/** A `.tar.gz` with one folder that holds `nats-server`. */
export type Archive = { url: string; sha256: string };

const VERSION = "2.14.5";
const DOWNLOAD_TIMEOUT_MS = 120_000;

/**
 * By `process.platform` and `process.arch`. The sums are those that the project's own container images check
 * (nats-io/nats-docker).
 */
const PINNED: Partial<Record<string, { name: string; sha256: string }>> = {
  "linux-x64": {
    name: "linux-amd64",
    sha256: "5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355",
  },
  "linux-arm64": {
    name: "linux-arm64",
    sha256: "673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c",
  },
};

/**
 * The archive that the NATS project publishes, with a pinned SHA-256 that is checked before anything is written.
 *
 * @param archive - Which one; by default the one for this machine.
 */
export const officialArchive = (archive: Archive | undefined = pinnedArchive()): Installer => ({
  title: "the official release archive",
  async unpack(folder) {
    if (!archive) throw new Error(`no archive is known for ${process.platform}-${process.arch}`);
    const bytes = await download(archive.url);
    const actual = createHash("sha256").update(bytes).digest("hex");
    if (actual !== archive.sha256) {
      throw new NatsServerError(
        "CHECKSUM_MISMATCH",
        `${archive.url} was refused: expected sha-256 ${archive.sha256}, got ${actual} (${bytes.length} bytes)`,
      );
    }
    await writeFile(join(folder, "archive.tar.gz"), bytes);
    await run("tar", ["-xz", "--no-same-owner", "--strip-components=1", "-f", "archive.tar.gz"], {
      cwd: folder,
    });
    return join(folder, "nats-server");
  },
});

function pinnedArchive(): Archive | undefined {
  const pinned = PINNED[`${process.platform}-${process.arch}`];
  if (!pinned) return undefined;
  const file = `nats-server-v${VERSION}-${pinned.name}.tar.gz`;
  return {
    url: `https://github.com/nats-io/nats-server/releases/download/v${VERSION}/${file}`,
    sha256: pinned.sha256,
  };
}

async function download(url: string): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    const { cause } = error as Error;
    throw new Error(`${url}: ${messageOf(cause ?? error)}`, { cause: error });
  }
}
