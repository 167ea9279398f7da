/** What can go wrong before a server runs. */
export type NatsServerErrorCode = "NATS_SERVER_NOT_FOUND" | "NATS_SERVER_START_FAILED" | "CHECKSUM_MISMATCH";

/** A failure to find, install or start nats-server; the message says what to do about it. */
export class NatsServerError extends Error {
  override readonly name = "NatsServerError";
  readonly code: NatsServerErrorCode;

  constructor(code: NatsServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The message of whatever was thrown. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
