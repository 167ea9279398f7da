import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Feed } from "../../../scripts/demo-run/feed.ts";
import { servePage } from "../../../scripts/demo-run/page-server.ts";
import { renderPage } from "../../../scripts/demo-run/render.ts";
import { browserSuite, openBrowser } from "../../support/browser/browser-suite.ts";
import { assert } from "../../support/index.ts";
import { startDemo } from "./start.ts";

const test = browserSuite("demo:run in a browser");

const hostIds = `[...document.querySelectorAll("#hosts tr.up")].map((row) => row.dataset.host)`;
const points = `(document.querySelector("#curve polyline")?.getAttribute("points") ?? "").split(" ").length`;
const pixels = `document.querySelector("#stage").toDataURL()`;

test(
  "the page shows the robot, its learning and its hosts; a host is killed and another added, and learning goes on",
  async (t) => {
    const demo = await startDemo(t, ["--generations", "1000"]);
    const [, url] = await demo.printed(/^page +(http:\S+)$/);
    const page = await (await openBrowser(t)).open(url!);

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
    await page.until(`${points} > ${atJoin + 3}`);
    await page.screenshot("build/artifacts/demo-run.png");
    assert.equal(page.complaints, []);

    demo.signal("SIGINT");
    assert.is(await demo.ended, 130, demo.text());
    await page.until(`document.querySelector("#phase").textContent === "the demo has ended"`);
    assert.equal(await demo.leftovers(), []);
  },
  { timeoutMs: 120_000 },
);

test("another page on this machine presses no button, and reads nothing, even when it has the address", async (t) => {
  const pressed: string[] = [];
  const buttons = { hasRoom: true, add: async () => pressed.push("add"), kill: async () => true };
  const server = await servePage({ render: renderPage, feed: new Feed(), buttons });
  t.after(() => server.close());
  const other = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html").end("<title>other</title>");
  }).listen(0, "127.0.0.1");
  t.after(() => other.close());
  await once(other, "listening");
  const browser = await openBrowser(t);
  const { origin, search } = new URL(server.url);

  const foreign = await browser.open(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
  const press = (mode: string) =>
    `fetch("${origin}/hosts${search}", { method: "POST", mode: "${mode}" }).then(({ type }) => type, () => "failed")`;
  assert.is(await foreign.evaluate(press("no-cors")), "opaque");
  assert.is(await foreign.evaluate(press("cors")), "failed");
  const read = `fetch("${server.url}").then(() => "read", () => "failed")`;
  assert.is(await foreign.evaluate(read), "failed");
  assert.equal(pressed, []);

  const page = await browser.open(server.url);
  await page.click("#add");
  await page.until(`document.querySelector("#notice").textContent === ""`);
  assert.is(
    await page.evaluate(`fetch("/hosts" + location.search, { method: "POST" }).then(({ status }) => status)`),
    201,
  );
  assert.equal(pressed, ["add", "add"]);
});
