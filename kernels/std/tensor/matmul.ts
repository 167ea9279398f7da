import { multiply, multiplySimd } from "./multiply";
import { checkLength, checkSize, product } from "./sizes";

/** The product of `a`, m × k, and `b`, k × n, row by row: m × n values. */
export function matmul(a: Float32Array, b: Float32Array, m: i32, k: i32, n: i32): Float32Array {
  const c = newProduct(a, b, m, k, n);
  multiply(a.dataStart, b.dataStart, c.dataStart, m, k, n, n);
  return c;
}

export function matmulSimd(a: Float32Array, b: Float32Array, m: i32, k: i32, n: i32): Float32Array {
  const c = newProduct(a, b, m, k, n);
  multiplySimd(a.dataStart, b.dataStart, c.dataStart, m, k, n, n);
  return c;
}

function newProduct(a: Float32Array, b: Float32Array, m: i32, k: i32, n: i32): Float32Array {
  checkSize("m", m);
  checkSize("k", k);
  checkSize("n", n);
  checkLength("a", a.length, product(m, k));
  checkLength("b", b.length, product(k, n));
  return new Float32Array(<i32>product(m, n));
}
