/** Matrices of doubles, row by row in one array. Lengths are checked once, then elements are read unchecked. */

/** How much of `b` is packed at a time: 4 columns of so many rows, 16 KiB, half of a common first-level cache. */
const BLOCK_ROWS: i32 = 512;
const packed = memory.data(BLOCK_ROWS << 5, 16);

/**
 * The product of `a`, n × k, and `b`, k × m: n × m numbers. Each is the sum of its k products from the first to the
 * last, as a plain loop over them has it.
 *
 * The loops are those of Goto and van de Geijn ("Anatomy of high-performance matrix multiplication", 2008): a strip
 * of `b` is packed to lie together and stays in the cache, while all rows of `a` go over it four by four. The 4 × 4
 * results of a step are in eight SIMD registers.
 */
export function matmul(a: Float64Array, b: Float64Array, n: i32, k: i32, m: i32): Float64Array {
  checkShape("a", a, n, k);
  checkShape("b", b, k, m);
  if (<i64>n * <i64>m > i32.MAX_VALUE >> 3) throw new Error(`linalg/matmul cannot make ${n} × ${m} elements`);
  const product = new Float64Array(n * m);
  for (let first = 0; first < k; first += BLOCK_ROWS) {
    const rows = min(BLOCK_ROWS, k - first);
    for (let column = 0; column < m; column += 4) {
      const columns = min(4, m - column);
      pack(at(b, first * m + column), m, rows, columns);
      let row = 0;
      if (columns == 4) {
        for (; row + 4 <= n; row += 4) {
          multiplyFour(at(a, row * k + first), k, rows, at(product, row * m + column), m);
        }
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

/** Copies up to 4 columns of some rows of a matrix that has `stride` columns, 4 numbers for each row. */
function pack(from: usize, stride: i32, rows: i32, columns: i32): void {
  let to = packed;
  for (let row = 0; row < rows; row++, to += 32, from += (<usize>stride) << 3) {
    memory.copy(to, from, (<usize>columns) << 3);
  }
}

/** Adds to 4 × 4 results, `stride` apart, what 4 rows of `a`, `length` apart, give with the packed rows. */
function multiplyFour(a: usize, length: i32, rows: i32, to: usize, stride: i32): void {
  const a1 = a + ((<usize>length) << 3);
  const a2 = a1 + ((<usize>length) << 3);
  const a3 = a2 + ((<usize>length) << 3);
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
  let b = packed;
  const end = (<usize>rows) << 3;
  for (let offset: usize = 0; offset < end; offset += 8, b += 32) {
    const left = v128.load(b);
    const right = v128.load(b, 16);
    const x0 = v128.load64_splat(a + offset);
    c00 = f64x2.add(c00, f64x2.mul(x0, left));
    c01 = f64x2.add(c01, f64x2.mul(x0, right));
    const x1 = v128.load64_splat(a1 + offset);
    c10 = f64x2.add(c10, f64x2.mul(x1, left));
    c11 = f64x2.add(c11, f64x2.mul(x1, right));
    const x2 = v128.load64_splat(a2 + offset);
    c20 = f64x2.add(c20, f64x2.mul(x2, left));
    c21 = f64x2.add(c21, f64x2.mul(x2, right));
    const x3 = v128.load64_splat(a3 + offset);
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
    let b = packed + ((<usize>column) << 3);
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
