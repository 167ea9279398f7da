type Operations = Pick<typeof Atomics, "load" | "store" | "compareExchange">;

/**
 * Calls `between` before and after each atomic operation of `body`, so that a test can do there what another thread could have done.
 * `between` may make such operations itself, and is then called around these as well.
 */
export function withSteps(between: () => void, body: () => void): void {
  const { load, store, compareExchange } = Atomics;
  const real: Operations = { load, store, compareExchange };
  const around =
    <Args extends unknown[], Result>(operation: (...args: Args) => Result) =>
    (...args: Args): Result => {
      between();
      const result = operation(...args);
      between();
      return result;
    };
  Object.assign(Atomics, {
    load: around(load as (words: Int32Array, at: number) => number),
    store: around(store as (words: Int32Array, at: number, value: number) => number),
    compareExchange: around(
      compareExchange as (words: Int32Array, at: number, expected: number, value: number) => number,
    ),
  });
  try {
    body();
  } finally {
    Object.assign(Atomics, real);
  }
}
