import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browserSuite, openBrowser } from "../support/browser/browser-suite.ts";
import { startCommand } from "../support/command.ts";
import { assert } from "../support/index.ts";

const test = browserSuite("demo:run in a browser");

const hostIds = `[...document.querySelectorAll("#hosts tr.up")].map((row) => row.dataset.host)`;
const points = `(document.querySelector("#curve polyline")?.getAttribute("points") ?? "").split(" ").length`;
const pixels = `document.querySelector("#stage").toDataURL()`;

test(
  "the page shows the robot, its learning and its hosts; a host is killed and others added, and learning goes on",
  async (t) => {
    const out = await mkdtemp(join(tmpdir(), "wray-demo-run-"));
    t.after(() => rm(out, { recursive: true }));
    const demo = startCommand(t, ["--generations", "1000", "--hosts", "2", "--out", out], {
      file: "build/scripts/demo-run.mjs",
    });
    const [, url] = await demo.printed(/^page +(http:\S+)$/);
    const browser = await openBrowser(t);
    const page = await browser.open(url!);

    await page.until(`${hostIds}.length === 2`);
    assert.equal(await page.evaluate(hostIds), ["host-1", "host-2"]);
    // The robot moves: what is drawn differs from what was drawn some frames before.
    await page.until(`document.querySelector("#caption").textContent.includes(" m in ")`);
    const before = await page.evaluate<string>(pixels);
    await page.until(`${pixels} !== ${JSON.stringify(before)}`);
    const few = await page.until<number>(`${points} >= 3 && ${points}`);
    await page.until(`${points} > ${few}`);

    await page.click(`tr[data-host="host-1"] button.kill`);
    await page.until(`!document.querySelector('tr[data-host="host-1"]')`);
    assert.equal(await page.evaluate(hostIds), ["host-2"]);
    await demo.printed(/^hosts +host-1 killed$/);
    await page.until(`document.querySelector("#curve .killed")`);
    const atKill = await page.evaluate<number>(points);
    await page.until(`${points} > ${atKill}`);

    await page.click("#add");
    await page.until(`${hostIds}.join() === "host-2,host-3"`);
    const tasks = `document.querySelector('tr[data-host="host-3"]').cells[4].textContent`;
    await page.until(`${tasks} !== "0"`);
    await page.until(`document.querySelector("#curve .joined")`);
    const atJoin = await page.evaluate<number>(points);
    await page.until(`${points} > ${atJoin + 8}`);
    await page.screenshot("build/artifacts/demo-run.png");
    assert.equal(page.complaints, []);
  },
  { timeoutMs: 120_000 },
);
