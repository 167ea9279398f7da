import { tmpdir, totalmem } from "node:os";
import { InvalidTaskError } from "../scheduler/protocol/errors.ts";

/** What a host allows, whatever a task asks for. */
export type HostLimits = {
  /** How deep the calls of a kernel may go: the stack of each worker thread, in bytes, from 512 KiB. */
  stackBytes: number;
  /** The largest module that it takes, in bytes. */
  maxModuleBytes: number;
  /** How long a module may take to compile, in ms. */
  maxCompileMs: number;
  /** The most linear memory that a task may ask for by `memoryBytes`. */
  maxMemoryBytes: number;
  /** The most memory that its objects may take; past 80 % of it, they are spilled to disk. */
  objectStoreBytes: number;
  /** Where they are spilled to. */
  spillFolder: string;
};

const mebibyte = 1024 * 1024;

/** What this process may use: what the machine has, or less in a container. */
export const usableBytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
const objectStorePart = 0.3;

export const defaultHostLimits: Readonly<HostLimits> = {
  stackBytes: mebibyte,
  maxModuleBytes: 16 * mebibyte,
  maxCompileMs: 10_000,
  maxMemoryBytes: 4096 * mebibyte,
  objectStoreBytes: Math.floor(objectStorePart * usableBytes),
  spillFolder: tmpdir(),
};

export const hostLimitNames = Object.keys(defaultHostLimits) as (keyof HostLimits)[];

/** Node keeps 192 KiB of a thread's stack for itself, and the host's own functions need some, too. */
const leastStackBytes = 512 * 1024;

/**
 * The limits of a host with these options, and the defaults of the others.
 * @throws InvalidTaskError for one that is no integer, or too low
 */
export function hostLimitsOf(options: Partial<HostLimits>): HostLimits {
  const limits = { ...defaultHostLimits };
  for (const name of hostLimitNames) {
    const value = options[name];
    if (value === undefined) continue;
    if (name === "spillFolder") {
      limits.spillFolder = checkFolder(value);
      continue;
    }
    const least = name === "stackBytes" ? leastStackBytes : 1;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidTaskError(`option ${name} must be an integer from ${least}, but is ${String(value)}`, {
        data: { option: name },
      });
    }
    limits[name] = value;
  }
  return limits;
}

function checkFolder(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new InvalidTaskError(`option spillFolder must be the path of a folder, but is ${String(value)}`, {
    data: { option: "spillFolder" },
  });
}
