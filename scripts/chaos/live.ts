import type { Client } from "wray";
import type { Fault, Ledger } from "./ledger.ts";

/** Often enough to see when a host is missed. */
const lookMs = 10;
const lineMs = 1_000;
/** Seldom enough for a log. */
const logLineMs = 10_000;

/** A host that is back is missed only now if that comes so soon after. */
const lateMs = 500;

/** Whether a client that sees these hosts has just noticed a fault. */
function isMissed(
  { kind, hostId, mendedMs, detectedMs }: Fault,
  present: Set<string>,
  nowMs: number,
): boolean {
  if (hostId === undefined || kind === "worker ended" || detectedMs !== undefined) return false;
  return !present.has(hostId) && (mendedMs === undefined || nowMs < mendedMs + lateMs);
}

/** Notes when hosts are missed, and shows how it goes: a line that changes in a terminal, one now and then elsewhere. */
export function startLive(wray: Client, ledger: Ledger): { stop(): void } {
  const startMs = performance.now();
  let shownMs = startMs;
  const isTty = process.stdout.isTTY;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const present = new Set(wray.nodes().map(({ id }) => id));
    for (const fault of ledger.faults) if (isMissed(fault, present, nowMs)) fault.detectedMs = nowMs;
    if (nowMs - shownMs < (isTty ? lineMs : logLineMs)) return;
    shownMs = nowMs;
    const line = `${Math.round((nowMs - startMs) / 1_000)} s  ${present.size} hosts  ${ledger.faults.length} faults  ${ledger.taskCount} tasks  ${ledger.losses.length} losses`;
    if (isTty) process.stdout.write(`\r\x1b[K${line}`);
    else console.log(line);
  }, lookMs);
  return {
    stop() {
      clearInterval(timer);
      if (isTty) process.stdout.write("\r\x1b[K");
    },
  };
}
