import { ConnectionError } from "../protocol/errors.ts";

const reason = "nobody listens";

/** A request found nobody who could answer it. */
export const nobodyListens = (subject: string, cause?: Error) =>
  new ConnectionError(`nobody listens on ${subject}`, { data: { reason }, cause });

/** Whether that is why a request failed, rather than that no answer came in time. */
export const isNobodyListening = (error: unknown): boolean =>
  error instanceof ConnectionError && error.data.reason === reason;
