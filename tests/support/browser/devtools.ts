import type { Readable, Writable } from "node:stream";

/** Messages are JSON that ends with a zero byte. */
const end = "\0";

export type DevtoolsEvent = { method: string; params: Record<string, unknown>; sessionId?: string };

type Reply = { id?: number; result?: unknown; error?: { message: string } };
type Waiting = { resolve: (result: unknown) => void; reject: (error: Error) => void };

/** The DevTools protocol over the two pipes of `--remote-debugging-pipe`. */
export class Devtools {
  readonly #output: Writable;
  readonly #waiting = new Map<number, Waiting>();
  #sent = 0;

  constructor(output: Writable, input: Readable, onEvent: (event: DevtoolsEvent) => void) {
    this.#output = output;
    output.on("error", () => {}); // The input ends, too.
    let text = "";
    input.setEncoding("utf8");
    input.on("data", (chunk: string) => {
      const messages = (text + chunk).split(end);
      text = messages.pop()!;
      for (const message of messages) {
        const parsed = JSON.parse(message) as Reply & DevtoolsEvent;
        if (parsed.id === undefined) onEvent(parsed);
        else this.#settle(parsed.id, parsed);
      }
    });
    input.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the browser has ended"));
      this.#waiting.clear();
    });
  }

  /** @throws Error with what the browser says, or when it ends before it answers */
  send<Result>(method: string, params: object = {}, sessionId?: string): Promise<Result> {
    const id = ++this.#sent;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      this.#output.write(JSON.stringify({ id, method, params, sessionId }) + end);
    });
  }

  #settle(id: number, { result, error }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error.message));
  }
}
