/**
 * Dawn looks for what has ended by `setImmediate`, again and again while anything is pending, which takes a whole cpu. In
 * this process it looks without a pause for a short while, since most tasks take less; then after pauses; then every
 * millisecond.
 */
const spinMs = 0.3;
const shortWaitsMs = 5;
/** What is asked for; the system makes some 70 µs of it. */
const shortWaitMs = 0.02;
const timerMs = 1;
/** Without a look for so long, it is something else that is waited for. */
const forgetMs = 2;

/** Takes the place of `setImmediate`. Call `begin` when something was handed to the device. */
export function tamePolling(): { begin(): void } {
  const immediate = globalThis.setImmediate;
  const never = new Int32Array(new SharedArrayBuffer(4));
  let startMs = 0;
  let lastMs = 0;
  const poll = (callback: (...args: unknown[]) => void, ...args: unknown[]) => {
    const nowMs = performance.now();
    if (nowMs - lastMs > forgetMs) startMs = nowMs;
    lastMs = nowMs;
    const waitedMs = nowMs - startMs;
    if (waitedMs < spinMs) return immediate(callback, ...args);
    if (waitedMs < shortWaitsMs) {
      Atomics.wait(never, 0, 0, shortWaitMs);
      return immediate(callback, ...args);
    }
    return setTimeout(callback, timerMs, ...args);
  };
  globalThis.setImmediate = poll as unknown as typeof setImmediate;
  return {
    begin: () => {
      startMs = performance.now();
    },
  };
}
