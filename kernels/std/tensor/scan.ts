/** `x[0] + … + x[i - 1]` for each i; sums are kept as doubles. */
export function scan(x: Float32Array): Float32Array {
  const out = new Float32Array(x.length);
  let before: f64 = 0;
  let to = out.dataStart;
  const end = x.dataStart + x.byteLength;
  for (let at = x.dataStart; at < end; at += 4, to += 4) {
    store<f32>(to, <f32>before);
    before += <f64>load<f32>(at);
  }
  return out;
}

/** The same of u32, which goes on from 0 past 2³². */
export function scanU32(x: Uint32Array): Uint32Array {
  const out = new Uint32Array(x.length);
  let before: u32 = 0;
  let to = out.dataStart;
  const end = x.dataStart + x.byteLength;
  for (let at = x.dataStart; at < end; at += 4, to += 4) {
    store<u32>(to, before);
    before += load<u32>(at);
  }
  return out;
}
