/** What a task may use. Each is an option of a task; what is left out has its default. */
export type Limits = {
  /** Wall time that it may run, in ms, also while it waits in `get`. */
  timeoutMs: number;
  /** Time that it may compute, in ms: its wall time without what it waits in `get` and `wait`. */
  cpuMs: number;
  /** Linear memory that it may have, in bytes; whole pages of 64 KiB count. */
  memoryBytes: number;
  /** Its arguments together, encoded, in bytes. */
  maxArgumentBytes: number;
  /** Its result, encoded, in bytes. */
  maxResultBytes: number;
  /** What it may write to the log, in bytes of UTF-8. */
  maxLogBytes: number;
  /** Tasks and objects of its own that may exist at once. */
  maxNested: number;
};

const mebibyte = 1024 * 1024;

export const defaultLimits: Readonly<Limits> = {
  timeoutMs: 600_000,
  cpuMs: 600_000,
  memoryBytes: 256 * mebibyte,
  maxArgumentBytes: 256 * mebibyte,
  maxResultBytes: 256 * mebibyte,
  maxLogBytes: mebibyte,
  maxNested: 1_000,
};

export const limitNames = Object.keys(defaultLimits) as (keyof Limits)[];

/** What a kernel can be granted; nothing else exists. */
export const capabilities = ["clock", "log", "submit", "gpu"] as const;
export type Capability = (typeof capabilities)[number];

/** What a task has unless its option `grant` says otherwise. */
export const defaultGrant: readonly Capability[] = ["log", "submit"];
