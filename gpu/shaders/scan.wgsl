// Exclusive prefix sums. Each invocation has `chunk` items that lie side by side: first it adds them up, then, when it is known
// what comes before them, it goes over them again. The sums in between are scanned the same way. No barriers.

alias Item = u32;

struct Params { n: u32, chunk: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read_write> sums: array<Item>;
@group(0) @binding(3) var<storage, read> before: array<Item>;
@group(0) @binding(4) var<storage, read_write> out: array<Item>;

@compute @workgroup_size(64)
fn addUp(@builtin(global_invocation_id) id: vec3u) {
  let start = id.x * params.chunk;
  if (start >= params.n) { return; }
  var sum = x[start];
  for (var i = start + 1u; i < min(start + params.chunk, params.n); i++) {
    sum += x[i];
  }
  sums[id.x] = sum;
}

@compute @workgroup_size(64)
fn spread(@builtin(global_invocation_id) id: vec3u) {
  let start = id.x * params.chunk;
  if (start >= params.n) { return; }
  var sum = before[id.x];
  for (var i = start; i < min(start + params.chunk, params.n); i++) {
    out[i] = sum;
    sum += x[i];
  }
}
