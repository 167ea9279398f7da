// c = a · b, row by row. A workgroup has a tile of 64 × 64, and takes both factors through its own memory, 16 columns and rows
// at a time; each invocation has a tile of 4 × 4 of it in registers. Right for hardware.

struct Params { m: u32, k: u32, n: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

const tile = 64u;
const depth = 16u;

var<workgroup> left: array<f32, 1024>;
var<workgroup> right: array<f32, 1024>;

fn store(row: u32, column: u32, values: vec4f) {
  if (row >= params.m) { return; }
  let at = row * params.n + column;
  if (column < params.n) { c[at] = values.x; }
  if (column + 1u < params.n) { c[at + 1u] = values.y; }
  if (column + 2u < params.n) { c[at + 2u] = values.z; }
  if (column + 3u < params.n) { c[at + 3u] = values.w; }
}

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let firstRow = group.y * tile;
  let firstColumn = group.x * tile;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var start = 0u; start < params.k; start += depth) {
    for (var i = index; i < tile * depth; i += 256u) {
      let row = firstRow + i / depth;
      let inLeft = start + i % depth;
      var value = 0.0;
      if (row < params.m && inLeft < params.k) { value = a[row * params.k + inLeft]; }
      left[i] = value;
      let inRight = start + i / tile;
      let column = firstColumn + i % tile;
      value = 0.0;
      if (inRight < params.k && column < params.n) { value = b[inRight * params.n + column]; }
      right[i] = value;
    }
    workgroupBarrier();
    for (var k = 0u; k < depth; k++) {
      let at = k * tile + local.x * 4u;
      let values = vec4f(right[at], right[at + 1u], right[at + 2u], right[at + 3u]);
      let row = local.y * 4u * depth + k;
      sum0 += left[row] * values;
      sum1 += left[row + depth] * values;
      sum2 += left[row + 2u * depth] * values;
      sum3 += left[row + 3u * depth] * values;
    }
    workgroupBarrier();
  }
  let row = firstRow + local.y * 4u;
  let column = firstColumn + local.x * 4u;
  store(row, column, sum0);
  store(row + 1u, column, sum1);
  store(row + 2u, column, sum2);
  store(row + 3u, column, sum3);
}
