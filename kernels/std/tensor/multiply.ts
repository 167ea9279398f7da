/** Adds to `c`, m × n with rows `stride` values apart, the product of `a`, m × k, and `b`, k × n; all of them addresses. */
export function multiply(a: usize, b: usize, c: usize, m: i32, k: i32, n: i32, stride: i32): void {
  const row = (<usize>n) << 2;
  for (let i = 0; i < m; i++, c += (<usize>stride) << 2) {
    let from = b;
    for (let j = 0; j < k; j++, a += 4) {
      const factor = load<f32>(a);
      for (let at = c; at < c + row; at += 4, from += 4)
        store<f32>(at, load<f32>(at) + factor * load<f32>(from));
    }
  }
}

/** How many rows of `b` are packed at a time: 8 columns of them are 16 KiB, half of a common first-level cache. */
const BLOCK_ROWS: i32 = 512;
const packedB = memory.data(BLOCK_ROWS << 5, 16);

/** Where a tile is whole that hangs over an edge of `c`: 4 rows of 8. */
const edge = memory.data(4 << 5, 16);

/**
 * The same, by the loops of `linalg/matmul`: 4 rows of `a` and 8 columns of `b` are packed, so that what is multiplied lies
 * together, with zeros where there are fewer. The 4 × 8 results of a step are in eight SIMD registers.
 */
export function multiplySimd(a: usize, b: usize, c: usize, m: i32, k: i32, n: i32, stride: i32): void {
  if (n == 0) return;
  // To pack all of `b` for so few rows takes longer than they do.
  if (m < 4) {
    for (; m > 0; m--, a += (<usize>k) << 2, c += (<usize>stride) << 2) addRow(a, b, c, k, n);
    return;
  }
  const rowsOfA = (m + 3) & ~3;
  const packedA = heap.alloc((<usize>rowsOfA * min(BLOCK_ROWS, k)) << 2);
  const rowBytes = (<usize>stride) << 2;
  for (let first = 0; first < k; first += BLOCK_ROWS) {
    const depth = min(BLOCK_ROWS, k - first);
    for (let row = 0; row < m; row += 4) {
      packRows(
        packedA + ((<usize>row * depth) << 2),
        a + ((<usize>row * k + first) << 2),
        k,
        depth,
        min(4, m - row),
      );
    }
    for (let column = 0; column < n; column += 8) {
      const columns = min(8, n - column);
      packColumns(b + ((<usize>first * n + column) << 2), n, depth, columns);
      for (let row = 0; row < m; row += 4) {
        const rows = min(4, m - row);
        const from = packedA + ((<usize>row * depth) << 2);
        const to = c + <usize>row * rowBytes + ((<usize>column) << 2);
        if (rows == 4 && columns == 8) {
          addTile(from, depth, to, rowBytes);
        } else {
          copyRows(edge, 32, to, rowBytes, rows, columns);
          addTile(from, depth, edge, 32);
          copyRows(to, rowBytes, edge, 32, rows, columns);
        }
      }
    }
  }
  heap.free(packedA);
}

/** Adds to a row of `n` results what a row of `a` gives with `b`, as it lies there, up to 16 columns at a time. */
function addRow(a: usize, b: usize, c: usize, k: i32, n: i32): void {
  const row = (<usize>n) << 2;
  const last = a + ((<usize>k) << 2);
  const end = c + row;
  for (; c + 64 <= end; c += 64, b += 64) {
    let c0 = v128.load(c);
    let c1 = v128.load(c, 16);
    let c2 = v128.load(c, 32);
    let c3 = v128.load(c, 48);
    for (let at = a, from = b; at < last; at += 4, from += row) {
      const x = v128.load32_splat(at);
      c0 = f32x4.add(c0, f32x4.mul(x, v128.load(from)));
      c1 = f32x4.add(c1, f32x4.mul(x, v128.load(from, 16)));
      c2 = f32x4.add(c2, f32x4.mul(x, v128.load(from, 32)));
      c3 = f32x4.add(c3, f32x4.mul(x, v128.load(from, 48)));
    }
    v128.store(c, c0);
    v128.store(c, c1, 16);
    v128.store(c, c2, 32);
    v128.store(c, c3, 48);
  }
  for (; c + 16 <= end; c += 16, b += 16) {
    let sum = v128.load(c);
    for (let at = a, from = b; at < last; at += 4, from += row) {
      sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(at), v128.load(from)));
    }
    v128.store(c, sum);
  }
  for (; c < end; c += 4, b += 4) {
    let sum = load<f32>(c);
    for (let at = a, from = b; at < last; at += 4, from += row) sum += load<f32>(at) * load<f32>(from);
    store<f32>(c, sum);
  }
}

/** Copies up to 4 rows, `stride` values apart, of `length` values: the 4 first ones, the 4 second ones, and so on. */
function packRows(to: usize, from: usize, stride: i32, length: i32, rows: i32): void {
  const row = (<usize>stride) << 2;
  const end = from + ((<usize>length) << 2);
  if (rows == 4) {
    for (; from < end; from += 4, to += 16) {
      store<f32>(to, load<f32>(from));
      store<f32>(to, load<f32>(from + row), 4);
      store<f32>(to, load<f32>(from + 2 * row), 8);
      store<f32>(to, load<f32>(from + 3 * row), 12);
    }
  } else {
    for (; from < end; from += 4, to += 16) {
      v128.store(to, f32x4.splat(0));
      for (let i: usize = 0; i < <usize>rows; i++) store<f32>(to + (i << 2), load<f32>(from + i * row));
    }
  }
}

/** Copies up to 8 columns of some rows of a matrix that has `stride` columns, 8 values for each row. */
function packColumns(from: usize, stride: i32, rows: i32, columns: i32): void {
  const row = (<usize>stride) << 2;
  const end = packedB + ((<usize>rows) << 5);
  if (columns == 8) {
    for (let to = packedB; to < end; to += 32, from += row) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  } else {
    const bytes = (<usize>columns) << 2;
    for (let to = packedB; to < end; to += 32, from += row) {
      v128.store(to, f32x4.splat(0));
      v128.store(to, f32x4.splat(0), 16);
      for (let i: usize = 0; i < bytes; i += 4) store<f32>(to + i, load<f32>(from + i));
    }
  }
}

/** Copies rows of so many columns, which are so many bytes apart. */
function copyRows(to: usize, toRow: usize, from: usize, fromRow: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++, to += toRow, from += fromRow)
    memory.copy(to, from, (<usize>columns) << 2);
}

/** Adds to 4 × 8 results, rows of `row` bytes apart, what 4 packed rows of `a` give with the packed columns of `b`. */
function addTile(a: usize, depth: i32, to: usize, row: usize): void {
  const to1 = to + row;
  const to2 = to1 + row;
  const to3 = to2 + row;
  let c00 = v128.load(to);
  let c01 = v128.load(to, 16);
  let c10 = v128.load(to1);
  let c11 = v128.load(to1, 16);
  let c20 = v128.load(to2);
  let c21 = v128.load(to2, 16);
  let c30 = v128.load(to3);
  let c31 = v128.load(to3, 16);
  let b = packedB;
  for (const end = b + ((<usize>depth) << 5); b < end; a += 16, b += 32) {
    const left = v128.load(b);
    const right = v128.load(b, 16);
    const x0 = v128.load32_splat(a);
    c00 = f32x4.add(c00, f32x4.mul(x0, left));
    c01 = f32x4.add(c01, f32x4.mul(x0, right));
    const x1 = v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(x1, left));
    c11 = f32x4.add(c11, f32x4.mul(x1, right));
    const x2 = v128.load32_splat(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(x2, left));
    c21 = f32x4.add(c21, f32x4.mul(x2, right));
    const x3 = v128.load32_splat(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(x3, left));
    c31 = f32x4.add(c31, f32x4.mul(x3, right));
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
