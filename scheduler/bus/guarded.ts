import { WrayError } from "../protocol/errors.ts";
import type { MessageHandler } from "./bus.ts";

/** A handler that drops a message which breaks the protocol: whoever sent it must not harm whoever reads it. */
export const guarded =
  (handler: MessageHandler): MessageHandler =>
  (payload, respond) => {
    try {
      handler(payload, respond);
    } catch (error) {
      if (!(error instanceof WrayError)) throw error;
    }
  };
