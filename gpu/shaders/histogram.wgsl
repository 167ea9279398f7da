// How many values are in each of `bins` parts of the same size from `low` to `high`, which is in the last one.

struct Params { n: u32, bins: u32, low: f32, high: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let perBin = f32(params.bins) / (params.high - params.low);
  for (var i = id.x; i < params.n; i += groups.x * 64u) {
    let value = x[i];
    if (value >= params.low && value <= params.high) {
      atomicAdd(&counts[min(u32((value - params.low) * perBin), params.bins - 1u)], 1u);
    }
  }
}
