// c = a · b, row by row. Each invocation has a tile of 4 × 4 in registers, written out since the compiler does not unroll. No
// barriers, which is right for a device that is a cpu. What is past an edge is read at the edge, and not written.

struct Params { m: u32, k: u32, n: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

fn store(row: u32, column: u32, values: vec4f) {
  if (row >= params.m) { return; }
  let at = row * params.n + column;
  if (column < params.n) { c[at] = values.x; }
  if (column + 1u < params.n) { c[at + 1u] = values.y; }
  if (column + 2u < params.n) { c[at + 2u] = values.z; }
  if (column + 3u < params.n) { c[at + 3u] = values.w; }
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * 4u;
  let column = id.x * 4u;
  if (row >= params.m || column >= params.n) { return; }
  let lastRow = params.m - 1u;
  let lastColumn = params.n - 1u;
  var at0 = row * params.k;
  var at1 = min(row + 1u, lastRow) * params.k;
  var at2 = min(row + 2u, lastRow) * params.k;
  var at3 = min(row + 3u, lastRow) * params.k;
  let column1 = min(column + 1u, lastColumn);
  let column2 = min(column + 2u, lastColumn);
  let column3 = min(column + 3u, lastColumn);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  var bRow = 0u;
  for (var k = 0u; k < params.k; k++) {
    let right = vec4f(b[bRow + column], b[bRow + column1], b[bRow + column2], b[bRow + column3]);
    sum0 += a[at0] * right;
    sum1 += a[at1] * right;
    sum2 += a[at2] * right;
    sum3 += a[at3] * right;
    at0++;
    at1++;
    at2++;
    at3++;
    bRow += params.n;
  }
  store(row, column, sum0);
  store(row + 1u, column, sum1);
  store(row + 2u, column, sum2);
  store(row + 3u, column, sum3);
}
