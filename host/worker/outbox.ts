import { handledWord } from "../ring/control.ts";
import type { Said } from "./messages.ts";
import type { Meter } from "./meter.ts";

/** How far a worker may be ahead of its host, by `weightOf`: a message takes the host some 10 µs. */
export const mostAhead = 1_024;
const bytesPerWeight = 1_024;

/** What a message costs a host: 1, and 1 more for each KiB that it carries. */
export function weightOf(message: Said): number {
  return 1 + Math.ceil(carriedBytes(message) / bytesPerWeight);
}

function carriedBytes(message: Said): number {
  switch (message.kind) {
    case "log":
    case "progress":
      return 2 * message.text.length;
    case "item":
      return typeof message.value === "number" ? 0 : message.value.byteLength;
    case "put":
      return message.value.byteLength;
    case "submit":
      return message.args.reduce<number>(
        (sum, arg) => sum + (typeof arg === "number" ? 0 : arg.byteLength),
        2 * message.kernel.length,
      );
    default:
      return 0;
  }
}

export type OutboxDeps = { meter: Meter; control: Int32Array; post(message: Said): void };

/**
 * What a running task makes its worker tell the host. A task that does nothing else would send faster than the host
 * can listen, and so fill its memory and leave it no time for anyone else: it waits until the host has caught up.
 */
export class Outbox {
  readonly #deps: OutboxDeps;
  /** The weight of all that has been sent. */
  #sent = 0;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  /** @throws TaskTimeoutError, TaskCancelledError when the task is to end while it waits */
  readonly send = (message: Said): void => {
    const { meter, control, post } = this.#deps;
    // Both wrap around as 32-bit integers do.
    const ahead = () => (this.#sent - Atomics.load(control, handledWord)) | 0;
    if (ahead() > mostAhead) meter.await(() => (ahead() > mostAhead ? undefined : true));
    this.#sent = (this.#sent + weightOf(message)) | 0;
    post(message);
  };
}
