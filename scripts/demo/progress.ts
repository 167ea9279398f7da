import cliProgress from "cli-progress";

export type Progress = { update(count: number, note: string): void; stop(): void };

export type ProgressOptions = {
  total: number;
  /** What is counted. */
  unit: string;
  /** After how many a line is printed, where there is no terminal: to see that it goes on, and seldom enough for a log. */
  lineEvery: number;
};

/** Shows how the training goes: a bar in a terminal, a line now and then elsewhere. */
export function startProgress(options: ProgressOptions): Progress {
  return process.stdout.isTTY ? startBar(options) : startLines(options);
}

function startBar({ total, unit }: ProgressOptions): Progress {
  const format = `training  {bar}  {value} of {total} ${unit}  {note}`;
  const bar = new cliProgress.SingleBar(
    { format, barsize: 30, hideCursor: true, gracefulExit: false, stream: process.stdout },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0, { note: "" });
  return {
    update: (count, note) => bar.update(count, { note }),
    stop: () => bar.stop(),
  };
}

function startLines({ total, unit, lineEvery }: ProgressOptions): Progress {
  return {
    update(count, note) {
      if (count % lineEvery === 0 || count === total)
        console.log(`training  ${count} of ${total} ${unit}  ${note}`);
    },
    stop() {},
  };
}
