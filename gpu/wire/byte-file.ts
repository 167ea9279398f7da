import { closeSync, existsSync, openSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomId } from "../../scheduler/protocol/ids.ts";

/**
 * The bytes that one process has on their way to the other. A small one stays in the cache of the cpu: 2 MiB were as fast
 * as 1 and 8, and faster than 64, on the machine of docs/decisions/0014.
 */
export const fileBytes = 8 * 1024 * 1024;

/** No message takes more bytes along, so that one process reads while the other writes the next. */
export const mostBytesPerMessage = fileBytes / 4;

/** Where files are in memory, on Linux. */
const memoryFolder = "/dev/shm";

/**
 * A file for two processes, which nobody finds by a name: it goes with those that have it open. It is written once, so that
 * there is room for all of it later.
 * @returns its descriptor
 */
export function makeByteFile(): number {
  const folder = existsSync(memoryFolder) ? memoryFolder : tmpdir();
  const path = join(folder, `wray-gpu-${randomId(20)}`);
  const file = openSync(path, "wx+", 0o600);
  try {
    unlinkSync(path);
    const empty = new Uint8Array(fileBytes);
    if (writeSync(file, empty) === fileBytes) return file;
    throw new Error(`${folder} has no room for ${fileBytes} bytes`);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
