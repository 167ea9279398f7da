import { run } from "../../gpu/adapter/run.ts";
import { startHost } from "../hosts.ts";
import { startEchoProcess } from "./bare/echo.ts";
import { startHostsAndEcho, startServer } from "./cluster.ts";
import { firstTaskOfDemoMs } from "./demo.ts";
import { latencies, latency } from "./figures.ts";
import { byTurns } from "./measure.ts";
import type { Context, Suite } from "./suite.ts";

const full = { turnCount: 7, demoCount: 3 };
const quick = { turnCount: 1, demoCount: 1 };

export const start: Suite = {
  name: "start",
  description: "how long until there is a first result, each time in new processes",

  async *run(context) {
    const { turnCount, demoCount } = context.isQuick ? quick : full;
    const compare = async (name: string, measureMs: Measure, baselineName: string, baselineMs: Measure) => {
      const baseline = { name: baselineName, measure: async () => [await baselineMs()] };
      return latencies(name, "ms", await byTurns(turnCount, async () => [await measureMs()], baseline));
    };

    yield* await compare(
      "init() to first result, embedded",
      () => firstResultMs("embedded"),
      "new thread to its first echo",
      () => firstResultMs("thread"),
    );
    const servers = await startServer(context);
    yield* await compare(
      "host process to joined",
      () => startMs(context, () => startHost({ servers })),
      "new process to NATS connection",
      () => startMs(context, () => startEchoProcess(servers)),
    );
    await startHostsAndEcho(context, servers);
    yield* await compare(
      "init({ servers }) to first result",
      () => firstResultMs("cluster", servers),
      "NATS connect to first reply",
      () => firstResultMs("request", servers),
    );
    const demosMs: number[] = [];
    for (let count = 0; count < demoCount; count++) demosMs.push(await firstTaskOfDemoMs(context));
    yield latency("demo program to first task", "ms", [demosMs]);
  },
};

type Measure = () => Promise<number>;

/** See `first-result.ts`. */
async function firstResultMs(...args: string[]): Promise<number> {
  return Number(await run(process.execPath, ["build/scripts/bench/first-result.mjs", ...args]));
}

/** How long the start of a process takes, which is then stopped. */
async function startMs(context: Context, start: () => Promise<{ stop(): Promise<void> }>): Promise<number> {
  const startMs = performance.now();
  const started = await context.start(start, (started) => started.stop());
  const ms = performance.now() - startMs;
  await started.stop();
  return ms;
}
