import type { NatsConnection, NatsError } from "nats";
import { ConnectionError, WrayError } from "../protocol/errors.ts";

/** What is sent to JetStream while the server is away is lost, and known to be so after this time. */
export const answerMs = 2_000;
/** How long to wait before the same is tried again. */
export const retryWaitMs = 100;
/**
 * How long the server may be away, as while it is restarted, before what needs it fails. Servers of a cluster take
 * some 7 s to elect a leader, and all that is asked meanwhile is known to be lost only after its time.
 */
const patienceMs = 30_000;
/** So many processes may make the same at the same moment. */
const mostTries = 10;

/** The server's words for a stream that another process is making at the same moment: in use, overlap. */
const madeByOthers = [10_058, 10_065];
/** The server's word for a write that came after another one. */
export const wrongLastSequence = 10_071;

const waited = () => new Promise<void>((resolve) => setTimeout(resolve, retryWaitMs));

/** Makes something of JetStream that another process may be making, too. */
export async function made<T>(make: () => Promise<T>, tries = 1): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (tries >= mostTries || !madeByOthers.includes((error as NatsError).api_error?.err_code ?? 0))
      throw error;
    await waited();
    return made(make, tries + 1);
  }
}

/** What of JetStream is open, and is opened anew when it is gone. */
export class Patient<Opened> {
  readonly #connection: NatsConnection;
  readonly #open: () => Promise<Opened>;
  #opened: Promise<Opened> | undefined;

  constructor(connection: NatsConnection, open: () => Promise<Opened>, opened?: Promise<Opened>) {
    this.#connection = connection;
    this.#open = open;
    this.#opened = opened;
  }

  /** Does not believe that what was opened is still there. */
  forget(): void {
    this.#opened = undefined;
  }

  /** Runs an action, on what is opened anew when it is gone, and again while the server is away: once at least. */
  async run<T>(action: (opened: Opened) => Promise<T>, patience = patienceMs): Promise<T> {
    const untilMs = performance.now() + patience;
    for (let tries = 1; ; tries++) {
      this.#opened ??= this.#open();
      const opened = this.#opened;
      try {
        return await action(await opened);
      } catch (error) {
        const isOver = this.#connection.isClosed() || (tries > 1 && performance.now() > untilMs);
        if (isOver || !isTransient(error)) {
          // What could not be opened may be so later.
          if (this.#opened === opened) await opened.catch(() => this.forget());
          throw noAnswer(this.#connection, error as Error);
        }
        if (this.#opened === opened) this.forget();
        await waited();
      }
    }
  }
}

/** Whether the server is away or was replaced, so that the same may work in a while: nobody answers, or no stream. */
function isTransient(error: unknown): boolean {
  const { code, message, cause } = error as { code?: string; message?: string; cause?: unknown };
  return (
    /^(404|5\d\d|TIMEOUT|DISCONNECT)$/.test(code ?? "") ||
    /stream not found|no responders/i.test(message ?? "") ||
    (error instanceof ConnectionError && isTransient(cause))
  );
}

/** What to tell a program of an error of JetStream. */
function noAnswer(connection: NatsConnection, error: Error): Error {
  // It says itself what is wrong, such as with what was read.
  if (error instanceof WrayError) return error;
  return new ConnectionError(
    `JetStream of the NATS server at ${connection.getServer()} does not do its work: ${error.message}`,
    { remedy: "Look at the server's log, and at what this user may do.", cause: error },
  );
}
