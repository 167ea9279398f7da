import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { TestContext } from "../suite.ts";
import { Devtools } from "./devtools.ts";
import type { Chromium } from "./find-chromium.ts";
import { Page } from "./page.ts";

const flags = [
  "--headless",
  "--remote-debugging-pipe",
  // It shows pages of ours alone, and its sandbox needs rights that a container may not have.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--no-first-run",
  "--hide-scrollbars",
];

export type Browser = { open(url: string): Promise<Page> };

/** Starts a browser that ends with the test. */
export async function startBrowser(
  { after }: Pick<TestContext, "after">,
  { program, env }: Chromium,
  { width = 1280, height = 920 }: { width?: number; height?: number } = {},
): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), "wray-browser-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const child = spawn(
    program,
    [...flags, `--window-size=${width},${height}`, `--user-data-dir=${folder}`, "about:blank"],
    { env: { ...env, HOME: folder }, stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
  );
  const ended = once(child, "close");
  const pages = new Map<string, Page>();
  const [, , , output, input] = child.stdio as unknown as [null, null, null, Writable, Readable];
  const devtools = new Devtools(output, input, (event) => {
    if (event.sessionId !== undefined) pages.get(event.sessionId)?.heard(event);
  });
  after(async () => {
    // It ends its own processes, and is killed if it does not.
    await devtools.send("Browser.close").catch(() => child.kill("SIGKILL"));
    await ended;
  });
  return {
    async open(url) {
      const { targetId } = await devtools.send<{ targetId: string }>("Target.createTarget", {
        url: "about:blank",
      });
      const { sessionId } = await devtools.send<{ sessionId: string }>("Target.attachToTarget", {
        ...{ targetId, flatten: true },
      });
      const page = new Page(devtools, sessionId);
      pages.set(sessionId, page);
      await page.goTo(url);
      return page;
    },
  };
}
