import type { NatsConnection } from "nats";
import { ConnectionError } from "../protocol/errors.ts";

/** What is sent to JetStream while the server is away is lost, and known to be so after this time. */
export const answerMs = 2_000;
/** How long to wait before the same is tried again. */
export const retryWaitMs = 100;

/** The server's words for a stream that another process is making at the same moment: in use, overlap. */
export const madeByOthers = [10_058, 10_065];
/** The server's word for a write that came after another one. */
export const wrongLastSequence = 10_071;

/** Whether the server is away or was replaced, so that the same may work in a while: nobody answers, or no stream. */
export function isTransient(error: unknown): boolean {
  const { code, message, cause } = error as { code?: string; message?: string; cause?: unknown };
  return (
    /^(404|5\d\d|TIMEOUT|DISCONNECT)$/.test(code ?? "") ||
    /stream not found|no responders/i.test(message ?? "") ||
    (error instanceof ConnectionError && isTransient(cause))
  );
}

/** What to tell a program of an error of JetStream. */
export function noAnswer(connection: NatsConnection, error: Error): Error {
  if (error instanceof ConnectionError) return error;
  return new ConnectionError(
    `JetStream of the NATS server at ${connection.getServer()} does not do its work: ${error.message}`,
    { remedy: "Look at the server's log, and at what this user may do.", cause: error },
  );
}
