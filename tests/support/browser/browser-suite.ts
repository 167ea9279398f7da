import { type Suite, suite, type TestContext } from "../suite.ts";
import { type Browser, startBrowser } from "./browser.ts";
import { findChromium } from "./find-chromium.ts";

/** Unpacks a browser when the machine has none. */
const chromium = await findChromium({ onProgress: (line) => console.error(line) });

/** A suite of tests that need a browser. Where there is none to be had, each is skipped, and says why. */
export function browserSuite(name: string): Suite {
  const test = suite(name);
  if (chromium.isFound) return test;
  const reason = `NO BROWSER, so this is not tested here: ${chromium.reasons.join("; ")}`;
  return Object.assign((title: string) => test.skip(title, reason), test, { before: () => {} });
}

/** A browser that ends with the test. */
export function openBrowser(t: Pick<TestContext, "after">): Promise<Browser> {
  if (!chromium.isFound) throw new Error("there is no browser");
  return startBrowser(t, chromium);
}
