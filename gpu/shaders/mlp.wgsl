// Layers of a network, forward and backward. Matrices lie row by row: of `x` and all like it, a row is a sample. `weights` has
// those of all layers: of each, from `offset` on, a row for each input, and then the bias as one more. Each invocation has one
// value of the result.

override relu: bool = false;
// Whether weights are stepped, or their gradient is wanted.
override descend: bool = false;

struct Params { samples: u32, inputs: u32, outputs: u32, offset: u32, rate: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
// What a layer has given, and how the loss changes with it before the activation.
@group(0) @binding(4) var<storage, read> gradient: array<f32>;
@group(0) @binding(5) var<storage, read> labels: array<u32>;

fn activate(value: f32) -> f32 {
  return select(value, max(value, 0.0), relu);
}

@compute @workgroup_size(8, 8)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.outputs || id.y >= params.samples) { return; }
  let first = params.offset + id.x;
  var sum = weights[first + params.inputs * params.outputs];
  for (var i = 0u; i < params.inputs; i++) {
    sum += x[id.y * params.inputs + i] * weights[first + i * params.outputs];
  }
  out[id.y * params.outputs + id.x] = activate(sum);
}

// Of softmax and cross entropy, the mean of all samples: how it changes with the outputs `x` of the last layer.
@compute @workgroup_size(64)
fn lossGradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.samples) { return; }
  let start = id.x * params.outputs;
  var greatest = x[start];
  for (var i = 1u; i < params.outputs; i++) {
    greatest = max(greatest, x[start + i]);
  }
  var sum = 0.0;
  for (var i = 0u; i < params.outputs; i++) {
    sum += exp(x[start + i] - greatest);
  }
  for (var i = 0u; i < params.outputs; i++) {
    let probability = exp(x[start + i] - greatest) / sum;
    let wanted = select(0.0, 1.0, labels[id.x] == i);
    out[start + i] = (probability - wanted) / f32(params.samples);
  }
}

// How the loss changes with the inputs `x` of a layer, before the activation of the layer that has given them, which was relu.
@compute @workgroup_size(8, 8)
fn inputGradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.inputs || id.y >= params.samples) { return; }
  let at = id.y * params.inputs + id.x;
  var sum = 0.0;
  for (var i = 0u; i < params.outputs; i++) {
    sum += gradient[id.y * params.outputs + i] * weights[params.offset + id.x * params.outputs + i];
  }
  out[at] = select(0.0, sum, x[at] > 0.0);
}

// The gradient of weights and bias, which is the weight of an input that is always 1; or what they are after a step against it.
@compute @workgroup_size(8, 8)
fn weightGradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.outputs || id.y > params.inputs) { return; }
  let isBias = id.y == params.inputs;
  var sum = 0.0;
  for (var sample = 0u; sample < params.samples; sample++) {
    let slope = gradient[sample * params.outputs + id.x];
    if (isBias) { sum += slope; } else { sum += x[sample * params.inputs + id.y] * slope; }
  }
  let at = params.offset + id.y * params.outputs + id.x;
  if (descend) { out[at] = weights[at] - params.rate * sum; } else { out[at] = sum; }
}
