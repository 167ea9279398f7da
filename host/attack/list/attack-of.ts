import type { TaskOptions } from "../../../scheduler/client/task-options.ts";
import type { Attack, Ending } from "../attack.ts";
import { withManifest } from "../bytes.ts";
import { unpreempted } from "../manifests.ts";

export const mebibyte = 1024 * 1024;

/** What an attack may use at most, unless that is what it is about. */
const limits: TaskOptions = {
  timeoutMs: 10_000,
  memoryBytes: 16 * mebibyte,
  maxResultBytes: mebibyte,
  maxArgumentBytes: mebibyte,
  maxLogBytes: 300,
  maxNested: 50,
  maxRetries: 0,
};

/** For what never ends. */
export const short: TaskOptions = { timeoutMs: 50 };

export type Row = Pick<Attack, "module" | "kernel"> & Partial<Omit<Attack, "name" | "expects">>;

/** One attack: its name, how it may end, and what is sent. */
export const attackOf = (name: string, expects: Ending | readonly Ending[], row: Row): Attack => ({
  name,
  ...row,
  options: { ...limits, ...row.options },
  expects: typeof expects === "string" ? [expects] : expects,
});

/** The same module, into which a host inserts no checks. */
export const unchecked = (module: Uint8Array, ...kernels: string[]) =>
  withManifest(module, unpreempted(kernels));
