// Cross-correlation of images with filters, as networks have it. Each invocation has one value of the result; what is outside
// an image counts as zero.

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
  let plane = params.outHeight * params.outWidth;
  let count = params.images * params.filters * plane;
  for (var index = id.x; index < count; index += groups.x * 64u) {
    let column = index % params.outWidth;
    let row = index / params.outWidth % params.outHeight;
    let kernel = index / plane % params.filters;
    let image = index / plane / params.filters;
    var sum = bias[kernel];
    for (var channel = 0u; channel < params.channels; channel++) {
      let fromRow = (image * params.channels + channel) * params.height;
      let weightsFrom = (kernel * params.channels + channel) * params.filterHeight;
      for (var dy = 0u; dy < params.filterHeight; dy++) {
        // Before the first row it wraps to a large number, which is past the last one, too.
        let inRow = row * params.stride + dy - params.padding;
        if (inRow >= params.height) { continue; }
        for (var dx = 0u; dx < params.filterWidth; dx++) {
          let inColumn = column * params.stride + dx - params.padding;
          if (inColumn >= params.width) { continue; }
          sum += x[(fromRow + inRow) * params.width + inColumn] * weights[(weightsFrom + dy) * params.filterWidth + dx];
        }
      }
    }
    out[index] = sum;
  }
}
