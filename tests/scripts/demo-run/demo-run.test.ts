import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { init } from "wray";
import { learn } from "../../../examples/learn-to-run/learn.ts";
import { loadPolicy, type Policy } from "../../../examples/learn-to-run/policy.ts";
import { run } from "../../../gpu/adapter/run.ts";
import { learnOptions } from "../../../scripts/demo-run/options.ts";
import { assert, suite, type TestBody, type TestContext } from "../../support/index.ts";
import { follow, startDemo } from "./start.ts";

const suiteOfDemo = suite("demo:run");

/** It starts processes and learns, perhaps beside other tests. */
const test = (title: string, body: TestBody) => suiteOfDemo(title, body, { timeoutMs: 120_000 });

/** What is learned with the same options in this process, by nobody disturbed. */
async function undisturbed(t: TestContext, env: string, generations: number): Promise<Policy> {
  const wray = await init({ cpus: 2 });
  t.after(() => wray.shutdown());
  return (await learn(wray, learnOptions(env, 1, generations))).policy;
}

type Demo = Awaited<ReturnType<typeof startDemo>>;

async function openPage(t: TestContext, demo: Demo) {
  const [, url] = await demo.printed(/^page +(http:\S+)$/);
  return follow(t, url!);
}

/** Waits until it has learned, and gives what; then ends it as a terminal does. */
async function endOf(demo: Demo): Promise<Policy> {
  await demo.printed(/^page +shows it/);
  const policy = await loadPolicy(join(demo.folder, "out/policy.json"));
  await rm(join(demo.folder, "out"), { recursive: true });
  demo.signal("SIGINT");
  assert.is(await demo.ended, 130, demo.text());
  assert.equal(await demo.leftovers(), []);
  return policy;
}

test("--headless prints how it learns, and writes the gait, the curve and the policy that learn() gives", async (t) => {
  const demo = await startDemo(t, ["--headless", "--generations", "6"]);
  assert.is(await demo.ended, 0, demo.text());
  const printed = demo.text().match(/^learning +[\d.]+ s, generation \d+: score .* ended early$/gm) ?? [];
  assert.is(printed.length, 7, demo.text());
  assert.not.match(demo.text(), "http://");
  const out = join(demo.folder, "out");
  assert.equal(await loadPolicy(join(out, "policy.json")), await undisturbed(t, "walker", 6));

  const gait = await readFile(join(out, "gait.svg"), "utf8");
  // Each of seven boxes moves and turns, and the ground moves; as many frames each.
  const values = [...gait.matchAll(/values="([^"]*)"/g)].map(([, list]) => list!.split(";").length);
  assert.is(values.length, 7 * 2 + 1);
  assert.ok(values[0]! > 20 && values.every((count) => count === values[0]), `${values}`);
  assert.not.match(gait, "NaN");
  const curve = await readFile(join(out, "curve.svg"), "utf8");
  assert.is(/points="([^"]*)"/.exec(curve)![1]!.split(" ").length, 7);
  assert.not.match(curve, "NaN");

  await rm(out, { recursive: true });
  assert.equal(await demo.leftovers(), []);
});

test("two hosts join while it learns and the first is killed: it learns the same to the last bit", async (t) => {
  const demo = await startDemo(t, ["--hosts", "1", "--generations", "60"]);
  const page = await openPage(t, demo);
  await page.until(({ trials }) => trials !== undefined);
  assert.equal(await Promise.all([page.press("POST", "/hosts"), page.press("POST", "/hosts")]), [201, 201]);
  // All three have ended tasks.
  await page.until(
    ({ hosts = [] }) =>
      hosts.length === 3 && hosts.every(({ state, tasksRun }) => state === "up" && tasksRun > 0),
  );
  assert.is(await page.press("DELETE", "/hosts/host-1"), 204);
  await page.until(({ hosts = [] }) => hosts.map(({ id }) => id).join() === "host-2,host-3");
  const atKill = page.told.trials!.length;
  assert.ok(page.told.trials!.at(-1)!.generation < 60, "it had learned all before");
  await page.until(({ trials = [] }) => trials.length > atKill);
  await page.until(({ status }) => status?.phase === "done");
  assert.equal(
    page.told
      .events!.filter(({ seconds }) => seconds > 0)
      .map(({ id, kind }) => `${id} ${kind}`)
      .sort(),
    ["host-1 killed", "host-2 joined", "host-3 joined"],
  );
  // The film is that of the policy that was kept.
  const best = page.told.trials!.reduce((a, b) => (b.score > a.score ? b : a));
  assert.ok(page.told.film!.generation <= 60 && page.told.film!.distance > 0.5 * best.distance);
  assert.equal(await endOf(demo), await undisturbed(t, "walker", 60));
});

test("each host is killed while it has tasks, five times, the last one too: it waits, and learns the same", async (t) => {
  const demo = await startDemo(t, ["--hosts", "1", "--generations", "12"]);
  const page = await openPage(t, demo);
  for (let host = 1; host <= 5; host++) {
    await page.until(({ hosts = [] }) =>
      hosts.some(({ id, inFlight }) => id === `host-${host}` && inFlight > 0),
    );
    assert.is(await page.press("DELETE", `/hosts/host-${host}`), 204);
    if (host === 1) await page.until(({ status }) => status?.phase === "waiting");
    assert.is(await page.press("POST", "/hosts"), 201);
  }
  await page.until(({ status }) => status?.phase === "done");
  assert.ok(page.told.status!.tasksRetried > 0);
  assert.equal(await endOf(demo), await undisturbed(t, "walker", 12));
});

test("who opens the page late is told all of it, and that it is done", async (t) => {
  const demo = await startDemo(t, ["--env", "cart-pole", "--generations", "3"]);
  await demo.printed(/^page +shows it/);
  const page = await openPage(t, demo);
  await page.until(({ status }) => status?.phase === "done");
  const { scene, film, trials, hosts } = page.told;
  assert.equal([scene!.env, scene!.boxes.length, scene!.legs], ["cart-pole", 2, 1]);
  assert.ok(film!.frames.every((frame) => frame.length === 6));
  assert.equal(
    trials!.map(({ generation }) => generation),
    [0, 1, 2, 3],
  );
  assert.equal(
    hosts!.map(({ id }) => id),
    ["host-1", "host-2"],
  );
  assert.is(await page.press("DELETE", "/hosts/host-9"), 404);
  await endOf(demo);
});

test("--open has a browser shown the address", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "wray-open-"));
  t.after(() => rm(folder, { recursive: true }));
  const opened = join(folder, "opened");
  await run("mkfifo", [opened]);
  for (const name of ["xdg-open", "open"]) {
    await writeFile(join(folder, name), `#!/bin/sh\nprintf %s "$1" > ${opened}\n`, { mode: 0o755 });
  }
  const demo = await startDemo(t, ["--open"], { PATH: `${folder}${delimiter}${process.env.PATH}` });
  const shown = await readFile(opened, "utf8");
  const [, url] = await demo.printed(/^page +(http:\S+)$/);
  assert.is(shown, url);
  demo.signal("SIGINT");
  assert.is(await demo.ended, 130, demo.text());
  assert.equal(await demo.leftovers(), []);
});

for (const [args, message] of [
  [["--env", "moon"], "--env must be one of walker, hopper, cart-pole, but is moon"],
  [["--generations", "0"], "--generations must be an integer from 1, but is 0"],
  [["--seed", "x"], "--seed must be an integer from 0, but is NaN"],
  [["--hosts", "9"], "--hosts must be an integer from 1 to 8, but is 9"],
] as const) {
  test(`it refuses ${args.join(" ")}, and starts nothing`, async (t) => {
    const demo = await startDemo(t, args);
    assert.is(await demo.ended, 1);
    assert.match(demo.text(), message);
    assert.equal(await demo.leftovers(), []);
  });
}
