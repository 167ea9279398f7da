import { constants } from "node:os";
import { Belongings } from "./belongings.ts";

/**
 * Runs a program that stops what it started: at its end, after an error, and on SIGINT, SIGTERM or SIGHUP; asked again
 * meanwhile, it exits at once.
 * @param body returns the exit code
 * @param onStopped is called when everything has been stopped
 */
export async function runProgram(
  body: (belongings: Belongings) => Promise<number>,
  onStopped = () => {},
): Promise<never> {
  const belongings = new Belongings();
  let isEnding = false;

  const end = async (exitCode: number): Promise<never> => {
    if (isEnding) process.exit(exitCode);
    isEnding = true;
    try {
      await belongings.stop();
      onStopped();
    } catch (error) {
      console.error(error);
      process.exit(exitCode || 1);
    }
    process.exit(exitCode);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => void end(128 + constants.signals[signal]));
  }

  let exitCode = 1;
  try {
    exitCode = await body(belongings);
  } catch (error) {
    if (!isEnding) console.error(error);
  }
  // A signal has come first, and ends the process when all is stopped.
  if (isEnding) return new Promise(() => {});
  return end(exitCode);
}
