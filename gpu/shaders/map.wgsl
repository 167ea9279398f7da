// y = f(x) or a·x + y, element by element. Each invocation goes on by as many as there are.

override op: u32 = 0;

struct Params { n: u32, a: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

fn apply(value: f32) -> f32 {
  switch op {
    case 0: { return max(value, 0.0); }
    case 1: { return 1.0 / (1.0 + exp(-value)); }
    case 2: { return tanh(clamp(value, -20.0, 20.0)); }
    case 3: { return exp(value); }
    case 4: { return log(value); }
    case 5: { return sqrt(value); }
    case 6: { return abs(value); }
    case 7: { return value * value; }
    default: { return -value; }
  }
}

@compute @workgroup_size(64)
fn unary(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < params.n; i += groups.x * 64u) {
    out[i] = apply(x[i]);
  }
}

@compute @workgroup_size(64)
fn saxpy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < params.n; i += groups.x * 64u) {
    out[i] = params.a * x[i] + y[i];
  }
}
