/** Plain numbers. */

export function add(a: f64, b: f64): f64 {
  return a + b;
}

export function sub(a: f64, b: f64): f64 {
  return a - b;
}

export function mul(a: f64, b: f64): f64 {
  return a * b;
}

/** The n-th Fibonacci number, exact up to the 92nd. */
export function fib(n: i32): i64 {
  if (n < 0 || n > 92) throw new Error(`fib(n) takes n from 0 to 92, and was given ${n}`);
  let a: i64 = 0;
  let b: i64 = 1;
  for (let i = 0; i < n; i++) {
    const next = a + b;
    a = b;
    b = next;
  }
  return a;
}

/** π by so many terms of the Leibniz series: work of any length, with a result that is easy to check. */
export function pi(terms: i32 = 1_000_000): f64 {
  let sum: f64 = 0;
  for (let i = terms - 1; i >= 0; i--) sum += (i & 1 ? -1.0 : 1.0) / (2 * <f64>i + 1);
  return 4 * sum;
}
