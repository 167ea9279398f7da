import Table from "cli-table3";

export type Report = {
  losses: number[];
  /** When the training began, then when each iteration ended. */
  endsMs: number[];
  correctCount: number;
  heldOutCount: number;
  nodes: { id: string; cpus: number; tasksRun: number }[];
};

/** Prints what came of the training. */
export function printReport({ losses, endsMs, correctCount, heldOutCount, nodes }: Report): void {
  const iterationsMs = endsMs.slice(1).map((endMs, index) => endMs - endsMs[index]!);
  const accuracy = ((100 * correctCount) / heldOutCount).toFixed(1);
  console.log();
  console.log(`loss               ${losses[0]?.toFixed(3)} → ${losses.at(-1)?.toFixed(3)}`);
  console.log(`held-out accuracy  ${accuracy} % (${correctCount} of ${heldOutCount})`);
  console.log(`iteration          ${median(iterationsMs).toFixed(1)} ms (median of ${losses.length})`);

  const table = new Table({
    head: ["host", "cpus", "tasks run"],
    colAligns: ["left", "right", "right"],
    style: { head: [], border: [] },
  });
  table.push(...nodes.map(({ id, cpus, tasksRun }) => [id, cpus, tasksRun]));
  console.log(table.toString());
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
