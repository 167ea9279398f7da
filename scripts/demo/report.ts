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
  console.log();
  console.log(`loss               ${losses[0]?.toFixed(3)} → ${losses.at(-1)?.toFixed(3)}`);
  console.log(`held-out accuracy  ${accuracyText(correctCount, heldOutCount)}`);
  console.log(`iteration          ${median(iterationsMs).toFixed(1)} ms (median of ${losses.length})`);
  printNodes(nodes);
}

/** One way to train with a parameter server, and what came of it. */
export type Way = { name: string; stepCount: number; tookMs: number; correctCount: number };

/** Prints what came of several ways. */
export function printWays(
  ways: readonly Way[],
  { heldOutCount, nodes }: Pick<Report, "heldOutCount" | "nodes">,
) {
  console.log();
  for (const { name, stepCount, tookMs, correctCount } of ways) {
    console.log(`${name.padEnd(17)}  ${stepCount} steps in ${(tookMs / 1_000).toFixed(1)} s`);
    console.log(`held-out accuracy  ${accuracyText(correctCount, heldOutCount)}`);
  }
  printNodes(nodes);
}

/** What a network that was trained on a GPU reads. */
export type Reading = {
  gpu: { name: string; isSoftware: boolean };
  batchCount: number;
  tookMs: number;
  correctCount: number;
  heldOutCount: number;
  /** How many digits WebAssembly reads as the GPU does. */
  sameCount: number;
};

/** Prints it. */
export function printReading({
  gpu,
  batchCount,
  tookMs,
  correctCount,
  heldOutCount,
  sameCount,
}: Reading): void {
  const kind = gpu.isSoftware ? ", which is cpus that do its work" : "";
  console.log();
  console.log(`GPU                ${gpu.name}${kind}`);
  console.log(`network            ${batchCount} batches in ${(tookMs / 1_000).toFixed(1)} s`);
  console.log(`held-out accuracy  ${accuracyText(correctCount, heldOutCount)}`);
  console.log(`in WebAssembly     ${sameCount} of ${heldOutCount} are read the same`);
}

const accuracyText = (correctCount: number, heldOutCount: number) =>
  `${((100 * correctCount) / heldOutCount).toFixed(1)} % (${correctCount} of ${heldOutCount})`;

function printNodes(nodes: Report["nodes"]): void {
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
