/** What a host allows, whatever a task asks for. */
export type HostLimits = {
  /** How deep the calls of a kernel may go: the stack of each worker thread, in bytes. */
  stackBytes: number;
  /** The largest module that it takes, in bytes. */
  maxModuleBytes: number;
  /** How long a module may take to compile, in ms. */
  maxCompileMs: number;
  /** The most linear memory that a task may ask for by `memoryBytes`. */
  maxMemoryBytes: number;
};

const mebibyte = 1024 * 1024;

export const defaultHostLimits: Readonly<HostLimits> = {
  stackBytes: mebibyte,
  maxModuleBytes: 16 * mebibyte,
  maxCompileMs: 10_000,
  maxMemoryBytes: 4096 * mebibyte,
};

export const hostLimitNames = Object.keys(defaultHostLimits) as (keyof HostLimits)[];
