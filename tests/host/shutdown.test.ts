import { init } from "wray";
import { suite } from "../support/index.ts";

const test = suite("shutdown");

/** Keeps this thread from hearing that the worker is ready until after `shutdown()` was called. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

// A process that waits for nothing ends in the middle of an await, which fails this file.
test("shutdown() keeps the process until it is done when a worker gets ready meanwhile", async () => {
  for (let ms = 20; ms <= 80; ms += 10) {
    const wray = await init({ cpus: 1 });
    block(ms);
    await wray.shutdown();
  }
});
