// One step of bodies that attract each other, by adding up all pairs. Of a position, w is the mass.

struct Params { n: u32, dt: f32, softening: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> positions: array<vec4f>;
@group(0) @binding(2) var<storage, read> velocities: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> outPositions: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> outVelocities: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.n) { return; }
  let own = positions[id.x];
  var pull = vec3f();
  for (var i = 0u; i < params.n; i++) {
    let other = positions[i];
    let difference = other.xyz - own.xyz;
    let squared = dot(difference, difference) + params.softening * params.softening;
    pull += difference * (other.w / (squared * sqrt(squared)));
  }
  let velocity = velocities[id.x].xyz + pull * params.dt;
  outVelocities[id.x] = vec4f(velocity, 0.0);
  outPositions[id.x] = vec4f(own.xyz + velocity * params.dt, own.w);
}
