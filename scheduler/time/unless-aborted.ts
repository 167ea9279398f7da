/** What the promise of an action becomes, or a rejection with the signal's reason as soon as that is aborted. */
export async function unlessAborted<T>(
  signal: AbortSignal | undefined,
  action: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  if (signal === undefined) return action();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([action(), aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
