import { init } from "./dist/index.mjs";

const wray = await init();
const saxpy = await wray.gpuKernel("/tmp/g/saxpy.wgsl", {
  outputs: { out: "x.length" },
  workgroups: "x.length / 64",
});
let t = performance.now();
console.log(
  await wray.get(saxpy.remote(2, Float32Array.of(1, 2, 3), Float32Array.of(10, 20, 30))),
  performance.now() - t,
);
console.log(wray.nodes());
const x = new Float32Array(1e6).fill(1);
const px = wray.put(x);
const y = wray.put(new Float32Array(1e6));
for (let k = 0; k < 3; k++) {
  t = performance.now();
  let r = y;
  for (let i = 0; i < 100; i++) r = saxpy.remote(1, px, r);
  const v = await wray.get(r);
  console.log(v[0], v.at(-1), performance.now() - t, "ms");
}
for (let k = 0; k < 5; k++) {
  t = performance.now();
  await wray.get(saxpy.remote(2, Float32Array.of(1, 2, 3), Float32Array.of(10, 20, 30)));
  console.log("small", performance.now() - t);
}
try {
  saxpy.remote(2, Uint32Array.of(1, 2, 3), Float32Array.of(10, 20, 30));
} catch (e) {
  console.log(e.code, e.message, e.remedy);
}
const bad = await wray.gpuKernel(
  {
    name: "bad.wgsl",
    wgsl: "@group(0) @binding(0) var<storage, read_write> out: array<f32>;\n@compute @workgroup_size(1) fn f() { out[0] = 1u; }",
  },
  { outputs: { out: 1 }, workgroups: 1 },
);
await wray.get(bad.remote()).catch((e) => console.log(e.code, e.message));
await wray.shutdown();
