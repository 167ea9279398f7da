import { closeSync, fstatSync, openSync, unlinkSync, writeSync } from "node:fs";
import { randomId } from "../../scheduler/protocol/ids.ts";
import type { LinkReply } from "../../scheduler/protocol/messages.ts";
import { pairFileBytes } from "../worker/file-ring.ts";

/** Where files are in memory, on Linux. */
const memoryFolder = "/dev/shm";

/**
 * A file in memory for two members, which nobody finds by a name: it goes with the processes that have it open, however they
 * end. Undefined when there is none to be had.
 */
export function makePairFile(size: number): number | undefined {
  const path = `${memoryFolder}/wray-${randomId(20)}`;
  let file: number;
  try {
    file = openSync(path, "wx+", 0o600);
  } catch {
    return undefined;
  }
  try {
    unlinkSync(path);
    // All of it, so that there is room for it later: a container may have little.
    const bytes = new Uint8Array(pairFileBytes(size));
    if (writeSync(file, bytes) === bytes.byteLength) return file;
  } catch {}
  closeSync(file);
  return undefined;
}

/** The same file, which another process of this machine has open; undefined when it can't be reached, or is another. */
export function openPairFile(
  { pid, descriptor }: NonNullable<LinkReply["file"]>,
  gangSize: number,
): number | undefined {
  let file: number;
  try {
    file = openSync(`/proc/${pid}/fd/${descriptor}`, "r+");
  } catch {
    return undefined;
  }
  const { size, nlink } = fstatSync(file);
  if (size === pairFileBytes(gangSize) && nlink === 0) return file;
  closeSync(file);
  return undefined;
}
