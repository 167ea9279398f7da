import { countRows } from "../../examples/digits/data.ts";
import { train } from "../../examples/digits/train.ts";
import type { Job } from "./job.ts";
import { startProgress } from "./progress.ts";
import { printReport } from "./report.ts";

const lineEvery = 10;

/** Trains by tasks, each iteration a step, and returns the accuracy. */
export async function trainByTasks({ wray, digits, module, iterations, belongings }: Job): Promise<number> {
  const progress = await belongings.start(
    async () => startProgress({ total: iterations, unit: "iterations", lineEvery }),
    (progress) => progress.stop(),
  );
  const endsMs = [performance.now()];
  const { losses, correctCount } = await train(wray, digits, {
    ...{ module, iterations },
    onIteration(iteration, loss) {
      endsMs.push(performance.now());
      progress.update(iteration, `loss ${loss.toFixed(3)}`);
    },
  });
  progress.stop();
  const heldOutCount = countRows(digits.heldOut);
  printReport({ losses, endsMs, correctCount, heldOutCount, nodes: wray.nodes() });
  return correctCount / heldOutCount;
}
