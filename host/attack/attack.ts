import type { TaskOptions } from "../../scheduler/client/task-options.ts";

/** How an attack may end: with an answer, or with an error of one of these codes. */
export const endings = [
  "answer",
  "TASK_ERROR",
  "TASK_TIMEOUT",
  "TASK_CANCELLED",
  "OUT_OF_MEMORY",
  "STACK_OVERFLOW",
  "LIMIT_EXCEEDED",
  "INVALID_TASK",
  "KERNEL_NOT_FOUND",
  "MODULE_NOT_FOUND",
  "MODULE_REJECTED",
  "PROTOCOL_ERROR",
] as const;
export type Ending = (typeof endings)[number];

/** One hostile task, as plain data. */
export type Attack = {
  name: string;
  /** Which of several of one name. */
  variant?: string;
  /** The module's bytes; those that differ from run to run are made from random numbers, 0 to below 1. */
  module: Uint8Array<ArrayBuffer> | ((random: () => number) => Uint8Array<ArrayBuffer>);
  kernel: string;
  args?: readonly unknown[];
  options: TaskOptions;
  /** A kernel of the module that is run before, once for each worker, whatever comes of it. */
  before?: string;
  /** Whether the client cancels it, at a random moment. */
  isCancelled?: true;
  /**
   * How it gets to a host: by a client, which checks what it sends, or as from one that sends what it likes.
   * Default: `client`.
   */
  by?: "client" | "wire";
  /** The id that the module is stored under, when it is a lie. */
  sha256?: string;
  expects: readonly Ending[];
  /** What an answer must be, when it may be one. */
  answer?: unknown;
};
