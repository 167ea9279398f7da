// node idle-program.mjs <ms>
// Prints how much of a core a program takes, in percent, that has run a task in an embedded host and then does nothing.
import { setTimeout as delay } from "node:timers/promises";
import { init } from "wray";
import { emptyTask } from "../cluster.ts";

/** What is done after a start is no idling. */
const settleMs = 1_000;

const wray = await init();
await (await emptyTask(wray))(0);
await delay(settleMs);
const [startMs, start] = [performance.now(), process.cpuUsage()];
await delay(Number(process.argv[2]));
const { user, system } = process.cpuUsage(start);
process.stdout.write(String(((user + system) / 1_000 / (performance.now() - startMs)) * 100), () =>
  process.exit(),
);
