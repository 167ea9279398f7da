import { createInterface } from "node:readline";
import type { Topics } from "../../../scripts/demo-run/messages.ts";
import type { TestContext } from "../../support/index.ts";
import { startProcessGroup } from "../../support/process-group.ts";

/** Starts the demo in a process group and a temp folder of its own, where it also writes. */
export async function startDemo(t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const demo = await startProcessGroup(
    t,
    (folder) => ["build/scripts/demo-run.mjs", "--out", `${folder}/out`, ...args],
    env,
  );
  const lines: string[] = [];
  const looks = new Set<() => void>();
  for (const input of [demo.child.stdout, demo.child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      lines.push(line);
      for (const look of looks) look();
    });
  }
  const text = () => lines.join("\n");
  return {
    ...demo,
    text,
    /** Waits for a line that matches. */
    printed: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((found, fail) => {
        const look = () => {
          const match = lines.map((line) => pattern.exec(line)).find((each) => each !== null);
          if (match) found(match);
        };
        looks.add(look);
        look();
        void demo.ended.then(() => fail(new Error(`it has not printed ${pattern}:\n${text()}`)));
      }),
  };
}

type Told = Partial<Topics>;

/** What a page does with its address, without a browser. */
export async function follow(t: TestContext, url: string) {
  const { origin, search } = new URL(url);
  const abort = new AbortController();
  t.after(() => abort.abort());
  const { body } = await fetch(`${origin}/events${search}`, { signal: abort.signal });
  const told: Told = {};
  const looks = new Set<() => void>();
  const take = async () => {
    let text = "";
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      const events = (text + chunk).split("\n\n");
      text = events.pop()!;
      for (const event of events) {
        const [, topic, data] = /^event: (\w+)\ndata: (.*)$/.exec(event)!;
        Object.assign(told, { [topic!]: JSON.parse(data!) });
        for (const look of looks) look();
      }
    }
  };
  const ended = take();
  ended.catch(() => {}); // `until` tells of it.
  return {
    told,
    /** Waits until what it is told gives something, and gives that. */
    until: <Value>(of: (told: Told) => Value | undefined | false) =>
      new Promise<Value>((resolve, reject) => {
        const look = () => {
          const value = of(told);
          if (value === undefined || value === false) return;
          looks.delete(look);
          resolve(value);
        };
        looks.add(look);
        look();
        ended.then(() => reject(new Error("the demo has ended")), reject);
      }),
    /** Presses a button. Returns the status of the answer. */
    press: async (method: string, path: string) =>
      (await fetch(`${origin}${path}${search}`, { method, headers: { Origin: origin } })).status,
  };
}
