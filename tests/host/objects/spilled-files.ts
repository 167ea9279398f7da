import { readdirSync, readlinkSync } from "node:fs";

/** The spill files that this process has open, as paths by which they can be reached; only Linux tells. */
export function openSpillFiles(): string[] {
  return readdirSync("/proc/self/fd")
    .map((name) => `/proc/self/fd/${name}`)
    .filter((path) => {
      try {
        return readlinkSync(path).includes("wray-spill-");
      } catch {
        return false; // It was the one for reading this folder.
      }
    });
}
