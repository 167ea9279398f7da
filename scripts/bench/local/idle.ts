import { setTimeout as delay } from "node:timers/promises";
import { run } from "../../../gpu/adapter/run.ts";
import { startHost } from "../../hosts.ts";
import { barred } from "../bar.ts";
import { startServer } from "../cluster.ts";
import { cpuMsOf } from "../cpu.ts";
import { value } from "../figures.ts";
import type { Context, Figure } from "../suite.ts";

const fullMs = 10_000;
const quickMs = 200;
/** What is done after a start is no idling; of a host, that is also the engine's, which collects the garbage of it. */
const settleMs = 15_000;

/** What wray takes of the processor when there is nothing to do, in percent of one core. */
export async function* idling(context: Context): AsyncIterable<Figure> {
  const ms = context.isQuick ? quickMs : fullMs;
  const bar = { of: "value", atMost: 1 } as const;
  const embedded = Number(
    await run(process.execPath, ["build/scripts/bench/local/idle-program.mjs", String(ms)]),
  );
  yield barred(
    value(`idle program with an embedded host, ${ms / 1_000} s`, "% of a core", 1, [embedded]),
    bar,
  );

  const servers = await startServer(context);
  const host = await context.start(
    () => startHost({ servers }),
    (host) => host.stop(),
  );
  await delay(context.isQuick ? quickMs : settleMs);
  const pid = host.process.pid!;
  const [startMs, startCpuMs] = [performance.now(), await cpuMsOf(pid)];
  await delay(ms);
  const percent = (((await cpuMsOf(pid)) - startCpuMs) / (performance.now() - startMs)) * 100;
  yield barred(value(`idle host, ${ms / 1_000} s`, "% of a core", 1, [percent]), bar);
}
