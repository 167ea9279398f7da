// A robot learns to run on a cluster of this machine: a nats-server, hosts that come and go, and a page to watch it.
//
//   npm run demo:run [-- --open] [--env walker] [--generations 1500] [--seed 1] [--hosts 2] [--out build/run] [--headless]
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { init } from "wray";
import type { LearnOptions } from "../examples/learn-to-run/learn.ts";
import { savePolicy } from "../examples/learn-to-run/policy.ts";
import type { Belongings } from "./belongings.ts";
import { curveSvg } from "./demo-run/curve-svg.ts";
import { Feed } from "./demo-run/feed.ts";
import { Fleet, mostHosts } from "./demo-run/fleet.ts";
import { gaitSvg } from "./demo-run/gait-svg.ts";
import type { HostEvent, Status } from "./demo-run/messages.ts";
import { openInBrowser } from "./demo-run/open.ts";
import { checkInteger, learnOptions } from "./demo-run/options.ts";
import { servePage } from "./demo-run/page-server.ts";
import { renderPage } from "./demo-run/render.ts";
import { type Taught, teach } from "./demo-run/teach.ts";
import { watchHosts } from "./demo-run/watch-hosts.ts";
import { findNatsServer, startNatsServer } from "./nats/index.ts";
import { runProgram } from "./run-program.ts";

/** When all hosts have been killed, learning waits for one for as long as a person may take. */
const infeasibleAfterMs = 24 * 3_600_000;

type Options = {
  learn: LearnOptions;
  hosts: number;
  out: string;
  isHeadless: boolean;
  opens: boolean;
};

async function demo(belongings: Belongings, { learn, hosts, out, isHeadless, opens }: Options) {
  const executable = await findNatsServer({ onProgress: (line) => say("server", line) });
  const { url: servers } = await belongings.start(
    () => startNatsServer({ executable }),
    (server) => server.stop(),
  );
  say("server", `${executable} at ${servers}`);

  const feed = new Feed();
  const events: HostEvent[] = [];
  let beginsMs: number | undefined;
  let phase: Status["phase"] = "starting";
  const seconds = () => (beginsMs === undefined ? 0 : (performance.now() - beginsMs) / 1_000);
  const fleet = new Fleet({
    servers,
    belongings,
    onEvent(kind, id) {
      say("hosts", `${id} ${kind}`);
      if (phase === "done") return;
      events.push({ seconds: seconds(), id, kind });
      feed.tell("events", events);
    },
  });
  if (!isHeadless) {
    const page = await belongings.start(
      () => servePage({ render: renderPage, feed, buttons: fleet }),
      (page) => page.close(),
    );
    say("page", page.url);
    if (opens) openInBrowser(page.url);
  }

  await Promise.all(Array.from({ length: hosts }, () => fleet.add()));
  const wray = await belongings.start(
    () => init({ servers, infeasibleAfterMs }),
    (wray) => wray.shutdown(),
  );
  const tellStatus = () => {
    const isAlone = phase === "learning" && wray.nodes().length === 0;
    const { tasksRetried } = wray.stats();
    feed.tell("status", {
      phase: isAlone ? "waiting" : phase,
      seconds: Math.floor(phase === "done" ? learnedSeconds : seconds()),
      tasksRetried,
    });
  };
  let learnedSeconds = 0;
  await belongings.start(
    () =>
      watchHosts({
        ...{ servers, wray, fleet },
        onLook(rows) {
          feed.tell("hosts", rows);
          tellStatus();
        },
      }),
    (stop) => stop(),
  );

  beginsMs = performance.now();
  phase = "learning";
  const taught = await teach(wray, learn, {
    feed,
    onTrial({ generation, seconds, score, distance, ended }) {
      const did = `score ${score.toFixed(1)}, ${distance.toFixed(1)} m, ${Math.round(100 * ended)} % ended early`;
      say("learning", `${seconds.toFixed(1)} s, generation ${generation}: ${did}`);
    },
  });
  learnedSeconds = seconds();
  phase = "done";
  say("best", `score ${taught.best.score.toFixed(1)}, of generation ${taught.best.generation}`);
  await writePictures(out, taught, events);
  if (isHeadless) return;
  say("page", "shows it until Ctrl-C");
  await new Promise(() => {});
}

async function writePictures(out: string, { policy, trials, scene, film }: Taught, events: HostEvent[]) {
  await mkdir(out, { recursive: true });
  const gait = join(out, "gait.svg");
  const curve = join(out, "curve.svg");
  const saved = join(out, "policy.json");
  await writeFile(gait, gaitSvg(scene, film));
  await writeFile(curve, curveSvg({ trials, events, width: 760, height: 320 }));
  await savePolicy(saved, policy);
  say("written", `${gait}, ${curve}, ${saved}`);
}

const say = (what: string, text: string) => console.log(`${what.padEnd(8)}  ${text}`);

const { values } = parseArgs({
  options: {
    env: { type: "string", default: "walker" },
    generations: { type: "string" },
    seed: { type: "string", default: "1" },
    hosts: { type: "string", default: "2" },
    out: { type: "string", default: "build/run" },
    /** No page: it ends when it has learned. */
    headless: { type: "boolean", default: false },
    /** Whether a browser is asked to show the page. */
    open: { type: "boolean", default: false },
  },
});
const generations = values.generations === undefined ? undefined : Number(values.generations);
const options: Options = {
  learn: learnOptions(values.env, Number(values.seed), generations),
  hosts: checkInteger("--hosts", Number(values.hosts), 1, mostHosts),
  out: values.out,
  isHeadless: values.headless,
  opens: values.open,
};

await runProgram(
  async (belongings) => {
    await demo(belongings, options);
    return 0;
  },
  () => say("stopped", `after ${(performance.now() / 1000).toFixed(1)} s in all`),
);
