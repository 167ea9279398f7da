import { WrayError } from "../protocol/errors.ts";
import type { MessageHandler } from "./bus.ts";

/**
 * A handler that drops a message which breaks the protocol: whoever sent it must not harm whoever reads it. Any other
 * error is a bug, which is told and costs no more than its message: out of a handler, it would end all reading.
 */
export const guarded =
  (handler: MessageHandler): MessageHandler =>
  (payload, respond) => {
    try {
      handler(payload, respond);
    } catch (error) {
      if (!(error instanceof WrayError)) console.error("wray: a message could not be handled:", error);
    }
  };
