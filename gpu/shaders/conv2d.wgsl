// Cross-correlation of images with filters, as networks have it. Each invocation has 8 values of a row of the result, and those of
// 8 filters there, in registers as in mlp.wgsl; what is outside an image counts as zero. Filters and columns past the last are
// computed and not written.

// Whether there is one filter only, so that nothing is computed for others.
override isSingle: bool = false;

struct Params {
  images: u32,
  channels: u32,
  height: u32,
  width: u32,
  filters: u32,
  filterHeight: u32,
  filterWidth: u32,
  stride: u32,
  padding: u32,
  outHeight: u32,
  outWidth: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let across = (params.outWidth + 7u) / 8u;
  let plane = params.outHeight * across;
  let deep = (params.filters + 7u) / 8u;
  for (var index = id.x; index < params.images * deep * plane; index += groups.x * 64u) {
    let column = index % across * 8u;
    let row = index / across % params.outHeight;
    let kernel = index / plane % deep * 8u;
    tile(index / plane / deep, kernel, row, column);
  }
}

fn tile(image: u32, kernel: u32, row: u32, column: u32) {
  let taps = params.channels * params.filterHeight * params.filterWidth;
  let kernel0 = kernel * taps;
  let kernel1 = (kernel + 1u) * taps;
  let kernel2 = (kernel + 2u) * taps;
  let kernel3 = (kernel + 3u) * taps;
  let kernel4 = (kernel + 4u) * taps;
  let kernel5 = (kernel + 5u) * taps;
  let kernel6 = (kernel + 6u) * taps;
  let kernel7 = (kernel + 7u) * taps;
  var sum0 = mat2x4f();
  var sum1 = mat2x4f();
  var sum2 = mat2x4f();
  var sum3 = mat2x4f();
  var sum4 = mat2x4f();
  var sum5 = mat2x4f();
  var sum6 = mat2x4f();
  var sum7 = mat2x4f();
  let step = params.stride;
  var tap = 0u;
  for (var channel = 0u; channel < params.channels; channel++) {
    for (var dy = 0u; dy < params.filterHeight; dy++) {
      // Before the first row it wraps to a large number, which is past the last one, too; and so do columns.
      let inRow = row * step + dy - params.padding;
      if (inRow >= params.height) {
        tap += params.filterWidth;
        continue;
      }
      let start = ((image * params.channels + channel) * params.height + inRow) * params.width;
      for (var dx = 0u; dx < params.filterWidth; dx++) {
        let at = column * step + dx - params.padding;
        let values = mat2x4f(
          valueAt(start, at), valueAt(start, at + step),
          valueAt(start, at + 2u * step), valueAt(start, at + 3u * step),
          valueAt(start, at + 4u * step), valueAt(start, at + 5u * step),
          valueAt(start, at + 6u * step), valueAt(start, at + 7u * step),
        );
        sum0 += weights[kernel0 + tap] * values;
        if (!isSingle) {
          sum1 += weights[kernel1 + tap] * values;
          sum2 += weights[kernel2 + tap] * values;
          sum3 += weights[kernel3 + tap] * values;
          sum4 += weights[kernel4 + tap] * values;
          sum5 += weights[kernel5 + tap] * values;
          sum6 += weights[kernel6 + tap] * values;
          sum7 += weights[kernel7 + tap] * values;
        }
        tap++;
      }
    }
  }
  store(image, kernel, row, column, sum0);
  store(image, kernel + 1u, row, column, sum1);
  store(image, kernel + 2u, row, column, sum2);
  store(image, kernel + 3u, row, column, sum3);
  store(image, kernel + 4u, row, column, sum4);
  store(image, kernel + 5u, row, column, sum5);
  store(image, kernel + 6u, row, column, sum6);
  store(image, kernel + 7u, row, column, sum7);
}

fn valueAt(start: u32, column: u32) -> f32 {
  return select(0.0, x[start + column], column < params.width);
}

fn store(image: u32, kernel: u32, row: u32, column: u32, sums: mat2x4f) {
  if (kernel >= params.filters) { return; }
  let at = ((image * params.filters + kernel) * params.outHeight + row) * params.outWidth + column;
  let values = sums + mat2x4f(vec4f(bias[kernel]), vec4f(bias[kernel]));
  let count = params.outWidth - column;
  out[at] = values[0].x;
  if (count > 1u) { out[at + 1u] = values[0].y; }
  if (count > 2u) { out[at + 2u] = values[0].z; }
  if (count > 3u) { out[at + 3u] = values[0].w; }
  if (count > 4u) { out[at + 4u] = values[1].x; }
  if (count > 5u) { out[at + 5u] = values[1].y; }
  if (count > 6u) { out[at + 6u] = values[1].z; }
  if (count > 7u) { out[at + 7u] = values[1].w; }
}
