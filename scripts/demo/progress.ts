import cliProgress from "cli-progress";

/** Often enough to see that it goes on, seldom enough for a log. */
const LINE_EVERY_ITERATIONS = 10;

export type Progress = { update(iteration: number, loss: number): void; stop(): void };

/** Shows how the training goes: a bar in a terminal, a line now and then elsewhere. */
export function startProgress(iterations: number): Progress {
  return process.stdout.isTTY ? startBar(iterations) : startLines(iterations);
}

function startBar(iterations: number): Progress {
  const format = "training  {bar}  {value} of {total} iterations  loss {loss}";
  const bar = new cliProgress.SingleBar(
    { format, barsize: 30, hideCursor: true, gracefulExit: false, stream: process.stdout },
    cliProgress.Presets.shades_classic,
  );
  bar.start(iterations, 0, { loss: "" });
  return {
    update: (iteration, loss) => bar.update(iteration, { loss: loss.toFixed(3) }),
    stop: () => bar.stop(),
  };
}

function startLines(iterations: number): Progress {
  return {
    update(iteration, loss) {
      if (iteration % LINE_EVERY_ITERATIONS === 0 || iteration === iterations) {
        console.log(`training  ${iteration} of ${iterations} iterations  loss ${loss.toFixed(3)}`);
      }
    },
    stop() {},
  };
}
