type Operations = Pick<typeof Atomics, "load" | "store" | "compareExchange">;

/**
 * Calls `between` before each atomic operation of `body`, so that a test can do there what another thread could have done.
 * `between` may make such operations itself, and is then called before these as well.
 */
export function withSteps(between: () => void, body: () => void): void {
  const { load, store, compareExchange } = Atomics;
  const real: Operations = { load, store, compareExchange };
  const before =
    <Args extends unknown[], Result>(operation: (...args: Args) => Result) =>
    (...args: Args): Result => {
      between();
      return operation(...args);
    };
  Object.assign(Atomics, {
    load: before(load as (words: Int32Array, at: number) => number),
    store: before(store as (words: Int32Array, at: number, value: number) => number),
    compareExchange: before(
      compareExchange as (words: Int32Array, at: number, expected: number, value: number) => number,
    ),
  });
  try {
    body();
  } finally {
    Object.assign(Atomics, real);
  }
}
