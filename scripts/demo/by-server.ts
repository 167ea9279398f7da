import { countRows } from "../../examples/digits/data.ts";
import { train } from "../../examples/parameter-server/train.ts";
import type { Job } from "./job.ts";
import { startProgress } from "./progress.ts";
import { printWays, type Way } from "./report.ts";

/** Trains with a parameter server, in rounds and then with no barrier, and returns the lower accuracy. */
export async function trainByServer({ wray, digits, module, iterations, belongings }: Job): Promise<number> {
  const workers = wray.nodes().reduce((sum, { cpus }) => sum + cpus, 0);
  const lineEvery = digits.shards.length;
  const total = iterations * lineEvery;
  const ways: Way[] = [];
  for (const [name, inRounds] of [
    ["in rounds", true],
    ["with no barrier", false],
  ] as const) {
    const progress = await belongings.start(
      async () => startProgress({ total, unit: "gradients", lineEvery }),
      (progress) => progress.stop(),
    );
    const beganMs = performance.now();
    const { stepCount, correctCount } = await train(wray, digits, {
      ...{ module, workers, inRounds, epochs: iterations },
      onGradient: (count) => progress.update(count, name),
    });
    progress.stop();
    ways.push({ name, stepCount, correctCount, tookMs: performance.now() - beganMs });
  }
  const heldOutCount = countRows(digits.heldOut);
  printWays(ways, { heldOutCount, nodes: wray.nodes() });
  return Math.min(...ways.map(({ correctCount }) => correctCount)) / heldOutCount;
}
