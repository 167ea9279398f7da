import type { Connection, Direct, Listening, Reader } from "../bus/direct.ts";
import type { Door as DoorMessage } from "../protocol/messages.ts";
import { Serving } from "./serving.ts";
import { Tokens, tokenBytes, tokenMs } from "./tokens.ts";

/** How long a peer that has connected may take to show its token. */
const greetingMs = 2_000;

export type DoorDeps = {
  direct: Direct;
  /** Where to listen beside the socket in the file system; by default, where only this machine can reach it. */
  address: string | undefined;
  nowMs(): number;
};

/** Takes over a connection whose peer has shown its token. */
type Admit = (connection: Connection) => Reader;

/**
 * Where peers fetch large objects without the bus between, and where members of gangs meet. It opens with the first that is
 * asked for.
 */
export class Door {
  readonly #deps: DoorDeps;
  readonly #tokens = new Tokens<Uint8Array | Admit>();
  readonly #connections = new Set<Connection>();
  #listening: Promise<Listening | undefined> | undefined;
  #forgetting: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(deps: DoorDeps) {
    this.#deps = deps;
  }

  /** What a peer needs to fetch this object, or to be admitted; undefined when there is no way to listen. */
  async open(what: Uint8Array | Admit): Promise<DoorMessage | undefined> {
    const { direct, address, nowMs } = this.#deps;
    this.#listening ??= direct
      .listen((connection) => this.#serve(connection), address)
      .catch((error: Error) => {
        console.error(`wray: objects go over NATS alone: ${error.message}`);
        return undefined;
      });
    const listening = await this.#listening;
    if (listening === undefined || this.#isClosed) {
      listening?.close();
      return undefined;
    }
    this.#forgetLater();
    const random = crypto.getRandomValues(new Uint8Array(tokenBytes));
    return { token: this.#tokens.issue(what, nowMs(), random), places: listening.places };
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#forgetting);
    void this.#listening?.then((listening) => listening?.close());
    for (const connection of this.#connections) connection.close();
  }

  /** A peer may die before it shows its token, and nobody may ever ask for another one. */
  #forgetLater(): void {
    this.#forgetting ??= setTimeout(() => {
      this.#forgetting = undefined;
      this.#tokens.forgetOld(this.#deps.nowMs());
      if (this.#tokens.size > 0) this.#forgetLater();
    }, tokenMs);
    this.#forgetting.unref();
  }

  #serve(connection: Connection): Reader {
    let admitted: Reader | undefined;
    const serving = new Serving((token) => {
      const what = this.#tokens.redeem(token, this.#deps.nowMs());
      if (typeof what !== "function") return what;
      admitted = what(connection);
      return nothing;
    });
    this.#connections.add(connection);
    const timer = setTimeout(() => connection.close(), greetingMs);
    let isSending = false;
    // One chunk after the other, each once its reader has room: what waits for a slow one is a view of the object.
    const send = () => {
      const parts = serving.next();
      isSending = parts !== undefined;
      if (parts !== undefined) connection.send(parts, send);
    };
    return {
      room: () => admitted?.room() ?? serving.room(),
      took(byteCount) {
        if (admitted !== undefined) {
          admitted.took(byteCount);
          return;
        }
        serving.took(byteCount);
        if (serving.isGreeted) clearTimeout(timer);
        if (!isSending) send();
      },
      ended: (error) => {
        clearTimeout(timer);
        this.#connections.delete(connection);
        admitted?.ended(error);
      },
    };
  }
}

/** What there is to fetch over a connection that is for something else. */
const nothing = new Uint8Array();
