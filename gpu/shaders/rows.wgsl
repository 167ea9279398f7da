// Softmax and layer norm of each row. An invocation has a row.

struct Params { rows: u32, columns: u32, epsilon: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gain: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn softmax(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.rows) { return; }
  let start = id.x * params.columns;
  let end = start + params.columns;
  var greatest = x[start];
  for (var i = start + 1u; i < end; i++) {
    greatest = max(greatest, x[i]);
  }
  var sum = 0.0;
  for (var i = start; i < end; i++) {
    let power = exp(x[i] - greatest);
    out[i] = power;
    sum += power;
  }
  for (var i = start; i < end; i++) {
    out[i] /= sum;
  }
}

@compute @workgroup_size(64)
fn layerNorm(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.rows) { return; }
  let start = id.x * params.columns;
  var mean = 0.0;
  for (var i = 0u; i < params.columns; i++) {
    mean += x[start + i];
  }
  mean /= f32(params.columns);
  var variance = 0.0;
  for (var i = 0u; i < params.columns; i++) {
    let difference = x[start + i] - mean;
    variance += difference * difference;
  }
  variance /= f32(params.columns);
  let scale = 1.0 / sqrt(variance + params.epsilon);
  for (var i = 0u; i < params.columns; i++) {
    out[start + i] = (x[start + i] - mean) * scale * gain[i] + bias[i];
  }
}
