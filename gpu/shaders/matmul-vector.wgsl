// c = a · b as in matmul-register.wgsl, for rows of whole vectors of four: each is one access, which is checked once.

struct Params { m: u32, k: u32, n: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * 4u;
  let inRow = params.k / 4u;
  let columns = params.n / 4u;
  if (row >= params.m || id.x >= columns) { return; }
  let lastRow = params.m - 1u;
  let row0 = row * inRow;
  let row1 = min(row + 1u, lastRow) * inRow;
  let row2 = min(row + 2u, lastRow) * inRow;
  let row3 = min(row + 3u, lastRow) * inRow;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  var at = id.x;
  for (var k = 0u; k < inRow; k++) {
    let right0 = b[at];
    let right1 = b[at + columns];
    let right2 = b[at + 2u * columns];
    let right3 = b[at + 3u * columns];
    at += 4u * columns;
    let left0 = a[row0 + k];
    let left1 = a[row1 + k];
    let left2 = a[row2 + k];
    let left3 = a[row3 + k];
    sum0 += left0.x * right0 + left0.y * right1 + left0.z * right2 + left0.w * right3;
    sum1 += left1.x * right0 + left1.y * right1 + left1.z * right2 + left1.w * right3;
    sum2 += left2.x * right0 + left2.y * right1 + left2.z * right2 + left2.w * right3;
    sum3 += left3.x * right0 + left3.y * right1 + left3.z * right2 + left3.w * right3;
  }
  let to = row * columns + id.x;
  c[to] = sum0;
  if (row + 1u < params.m) { c[to + columns] = sum1; }
  if (row + 2u < params.m) { c[to + 2u * columns] = sum2; }
  if (row + 3u < params.m) { c[to + 3u * columns] = sum3; }
}
