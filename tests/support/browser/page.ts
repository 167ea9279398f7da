import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Devtools, DevtoolsEvent } from "./devtools.ts";

type Evaluated = { result: { value: unknown }; exceptionDetails?: Thrown };
type Thrown = { text: string; exception?: { description?: string } };

const thrownText = ({ text, exception }: Thrown) => exception?.description ?? text;

/** A page in a browser, as a person has it. */
export class Page {
  readonly #devtools: Devtools;
  readonly #session: string;
  /** What went wrong in it: errors that nobody caught, and what the browser refused. */
  readonly complaints: string[] = [];
  #loaded = () => {};

  constructor(devtools: Devtools, session: string) {
    this.#devtools = devtools;
    this.#session = session;
  }

  send<Result>(method: string, params: object = {}): Promise<Result> {
    return this.#devtools.send<Result>(method, params, this.#session);
  }

  /** Goes to an address and waits until what is there has been loaded. */
  async goTo(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    for (const domain of ["Runtime", "Log", "Page"]) await this.send(`${domain}.enable`);
    const { errorText } = await this.send<{ errorText?: string }>("Page.navigate", { url });
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  /** Takes in an event of this page. */
  heard({ method, params }: DevtoolsEvent): void {
    if (method === "Page.loadEventFired") {
      this.#loaded();
    } else if (method === "Runtime.exceptionThrown") {
      this.complaints.push(thrownText(params.exceptionDetails as Thrown));
    } else if (method === "Log.entryAdded") {
      const { level, text } = params.entry as { level: string; text: string };
      if (level === "error") this.complaints.push(text);
    }
  }

  /** The value of an expression, or what its promise comes to, as JSON has it. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.send<Evaluated>("Runtime.evaluate", {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails !== undefined) throw new Error(thrownText(exceptionDetails));
    return result.value as Value;
  }

  /** Waits until an expression gives something, looking at it with each frame that is drawn. Returns what it gave. */
  until<Value>(expression: string): Promise<Value> {
    return this.evaluate(`new Promise((resolve, reject) => {
      const look = () => {
        try {
          const value = (${expression});
          if (value) resolve(value);
          else requestAnimationFrame(look);
        } catch (error) {
          reject(error);
        }
      };
      look();
    })`);
  }

  /** Clicks into the middle of an element, whatever is there. */
  async click(selector: string): Promise<void> {
    const place = await this.evaluate<{ x: number; y: number }>(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element.scrollIntoView({ block: "nearest" });
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    })()`);
    for (const type of ["mousePressed", "mouseReleased"]) {
      await this.send("Input.dispatchMouseEvent", { type, ...place, button: "left", clickCount: 1 });
    }
  }

  /** Writes what is seen as a PNG file. */
  async screenshot(path: string): Promise<void> {
    const { data } = await this.send<{ data: string }>("Page.captureScreenshot", { format: "png" });
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, Buffer.from(data, "base64"));
  }
}
