/** Matrices of doubles, row by row in one array. Lengths are checked once, then elements are read unchecked. */

/** How much is packed at a time: 4 columns of `b` of so many rows, 16 KiB, half of a common first-level cache. */
const BLOCK_ROWS: i32 = 512;
const packedB = memory.data(BLOCK_ROWS << 5, 16);

/**
 * The product of `a`, n × k, and `b`, k × m: n × m numbers. Each is the sum of its k products from the first to the
 * last, as a plain loop over them has it.
 *
 * The loops are those of Goto and van de Geijn ("Anatomy of high-performance matrix multiplication", 2008): strips of
 * `a` and `b` are packed so that what is multiplied lies together, and a strip of `b` stays in the cache while all
 * rows of `a` go over it four by four. The 4 × 4 results of a step are in eight SIMD registers.
 */
export function matmul(a: Float64Array, b: Float64Array, n: i32, k: i32, m: i32): Float64Array {
  checkShape("a", a, n, k);
  checkShape("b", b, k, m);
  if (<i64>n * <i64>m > i32.MAX_VALUE >> 3) throw new Error(`linalg/matmul cannot make ${n} × ${m} elements`);
  const product = new Float64Array(n * m);
  const fours = n & ~3;
  const packedA = new Float64Array(fours * min(BLOCK_ROWS, k));
  for (let first = 0; first < k; first += BLOCK_ROWS) {
    const rows = min(BLOCK_ROWS, k - first);
    for (let row = 0; row < fours; row += 4)
      packRows(at(packedA, row * rows), at(a, row * k + first), k, rows);
    for (let column = 0; column < m; column += 4) {
      const columns = min(4, m - column);
      packColumns(at(b, first * m + column), m, rows, columns);
      let row = 0;
      if (columns == 4) {
        for (; row < fours; row += 4)
          multiplyFour(at(packedA, row * rows), rows, at(product, row * m + column), m);
      }
      for (; row < n; row++) {
        multiplyOne(at(a, row * k + first), rows, at(product, row * m + column), columns);
      }
    }
  }
  return product;
}

/** Where an element is. */
function at(matrix: Float64Array, index: i32): usize {
  return matrix.dataStart + ((<usize>index) << 3);
}

/** Copies 4 rows, `stride` elements apart, of `length` elements: the 4 first ones, the 4 second ones, and so on. */
function packRows(to: usize, from: usize, stride: i32, length: i32): void {
  const row = (<usize>stride) << 3;
  const end = from + ((<usize>length) << 3);
  for (; from < end; from += 8, to += 32) {
    store<f64>(to, load<f64>(from));
    store<f64>(to, load<f64>(from + row), 8);
    store<f64>(to, load<f64>(from + 2 * row), 16);
    store<f64>(to, load<f64>(from + 3 * row), 24);
  }
}

/** Copies up to 4 columns of some rows of a matrix that has `stride` columns, 4 numbers for each row. */
function packColumns(from: usize, stride: i32, rows: i32, columns: i32): void {
  const row = (<usize>stride) << 3;
  const end = packedB + ((<usize>rows) << 5);
  if (columns == 4) {
    for (let to = packedB; to < end; to += 32, from += row) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  } else {
    const bytes = (<usize>columns) << 3;
    for (let to = packedB; to < end; to += 32, from += row) {
      for (let i: usize = 0; i < bytes; i += 8) store<f64>(to + i, load<f64>(from + i));
    }
  }
}

/** Adds to 4 × 4 results, `stride` apart, what 4 packed rows of `a` give with the packed columns of `b`. */
function multiplyFour(a: usize, length: i32, to: usize, stride: i32): void {
  const to1 = to + ((<usize>stride) << 3);
  const to2 = to1 + ((<usize>stride) << 3);
  const to3 = to2 + ((<usize>stride) << 3);
  let c00 = v128.load(to);
  let c01 = v128.load(to, 16);
  let c10 = v128.load(to1);
  let c11 = v128.load(to1, 16);
  let c20 = v128.load(to2);
  let c21 = v128.load(to2, 16);
  let c30 = v128.load(to3);
  let c31 = v128.load(to3, 16);
  let b = packedB;
  const end = b + ((<usize>length) << 5);
  for (; b < end; a += 32, b += 32) {
    const left = v128.load(b);
    const right = v128.load(b, 16);
    const x0 = v128.load64_splat(a);
    c00 = f64x2.add(c00, f64x2.mul(x0, left));
    c01 = f64x2.add(c01, f64x2.mul(x0, right));
    const x1 = v128.load64_splat(a, 8);
    c10 = f64x2.add(c10, f64x2.mul(x1, left));
    c11 = f64x2.add(c11, f64x2.mul(x1, right));
    const x2 = v128.load64_splat(a, 16);
    c20 = f64x2.add(c20, f64x2.mul(x2, left));
    c21 = f64x2.add(c21, f64x2.mul(x2, right));
    const x3 = v128.load64_splat(a, 24);
    c30 = f64x2.add(c30, f64x2.mul(x3, left));
    c31 = f64x2.add(c31, f64x2.mul(x3, right));
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  v128.store(to1, c10);
  v128.store(to1, c11, 16);
  v128.store(to2, c20);
  v128.store(to2, c21, 16);
  v128.store(to3, c30);
  v128.store(to3, c31, 16);
}

/** The same for one row of `a` and up to 4 columns: what is left at the edges. */
function multiplyOne(a: usize, rows: i32, to: usize, columns: i32): void {
  for (let column = 0; column < columns; column++, to += 8) {
    let sum = load<f64>(to);
    let b = packedB + ((<usize>column) << 3);
    for (let row = 0; row < rows; row++, b += 32) sum += load<f64>(a + ((<usize>row) << 3)) * load<f64>(b);
    store<f64>(to, sum);
  }
}

function checkShape(name: string, matrix: Float64Array, rows: i32, columns: i32): void {
  if (rows < 0 || columns < 0 || <i64>rows * <i64>columns != <i64>matrix.length) {
    throw new Error(
      `linalg/matmul takes ${name} with ${rows} × ${columns} elements, and was given ${matrix.length}`,
    );
  }
}
