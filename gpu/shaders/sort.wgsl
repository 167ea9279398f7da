// One pass of a radix sort by four bits, stable. Each invocation has `chunk` keys that lie side by side: it counts their digits;
// when all counts have been scanned, digit by digit and in each chunk by chunk, it knows where each key goes. No barriers.

struct Params { n: u32, chunk: u32, chunks: u32, shift: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<u32>;
@group(0) @binding(4) var<storage, read_write> outKeys: array<u32>;
@group(0) @binding(5) var<storage, read> values: array<u32>;
@group(0) @binding(6) var<storage, read_write> outValues: array<u32>;

fn digitOf(key: u32) -> u32 {
  return (key >> params.shift) & 15u;
}

@compute @workgroup_size(64)
fn count(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.chunks) { return; }
  var own: array<u32, 16>;
  let start = id.x * params.chunk;
  for (var i = start; i < min(start + params.chunk, params.n); i++) {
    own[digitOf(keys[i])]++;
  }
  for (var digit = 0u; digit < 16u; digit++) {
    counts[digit * params.chunks + id.x] = own[digit];
  }
}

@compute @workgroup_size(64)
fn scatterKeys(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.chunks) { return; }
  var next: array<u32, 16>;
  for (var digit = 0u; digit < 16u; digit++) {
    next[digit] = offsets[digit * params.chunks + id.x];
  }
  let start = id.x * params.chunk;
  for (var i = start; i < min(start + params.chunk, params.n); i++) {
    let key = keys[i];
    let digit = digitOf(key);
    outKeys[next[digit]] = key;
    next[digit]++;
  }
}

@compute @workgroup_size(64)
fn scatterPairs(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.chunks) { return; }
  var next: array<u32, 16>;
  for (var digit = 0u; digit < 16u; digit++) {
    next[digit] = offsets[digit * params.chunks + id.x];
  }
  let start = id.x * params.chunk;
  for (var i = start; i < min(start + params.chunk, params.n); i++) {
    let key = keys[i];
    let digit = digitOf(key);
    outKeys[next[digit]] = key;
    outValues[next[digit]] = values[i];
    next[digit]++;
  }
}
