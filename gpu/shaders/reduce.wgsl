// One level of a tree: each of `count` invocations folds every count-th of the items, from its own on, into one. No barriers,
// and neighbours read neighbours.

override op: u32 = 0;

struct Params { n: u32, count: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
// Of argmax: where the item that an invocation folded first has come from.
@group(0) @binding(3) var<storage, read> places: array<u32>;
@group(0) @binding(4) var<storage, read_write> outPlaces: array<u32>;

fn fold(a: f32, b: f32) -> f32 {
  switch op {
    case 0: { return a + b; }
    case 1: { return min(a, b); }
    default: { return max(a, b); }
  }
}

@compute @workgroup_size(64)
fn level(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.count) { return; }
  var folded = x[id.x];
  for (var i = id.x + params.count; i < params.n; i += params.count) {
    folded = fold(folded, x[i]);
  }
  out[id.x] = folded;
}

// Among equals the first counts.
fn isBetter(value: f32, place: u32, best: f32, bestPlace: u32) -> bool {
  return value > best || (value == best && place < bestPlace);
}

@compute @workgroup_size(64)
fn firstPlaces(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.count) { return; }
  var best = x[id.x];
  var bestPlace = id.x;
  for (var i = id.x + params.count; i < params.n; i += params.count) {
    if (x[i] > best) {
      best = x[i];
      bestPlace = i;
    }
  }
  out[id.x] = best;
  outPlaces[id.x] = bestPlace;
}

@compute @workgroup_size(64)
fn nextPlaces(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.count) { return; }
  var best = x[id.x];
  var bestPlace = places[id.x];
  for (var i = id.x + params.count; i < params.n; i += params.count) {
    if (isBetter(x[i], places[i], best, bestPlace)) {
      best = x[i];
      bestPlace = places[i];
    }
  }
  out[id.x] = best;
  outPlaces[id.x] = bestPlace;
}
