// node dawn-process.mjs <setup>
// What the GPU gives to a program that calls Dawn itself, with everything made beforehand. It takes messages { what, count } and
// answers with how long each of so many took, in ms. It ends with the process that forked it.
import { setTimeout as delay } from "node:timers/promises";
import { openDevice } from "../../../gpu/child/dawn.ts";
import { mapRead, usage } from "../../../gpu/child/usage.ts";
import { chainLength, smallCount, smallWgsl } from "../gpu/small.ts";

const { device } = await openDevice(JSON.parse(process.argv[2]!));
const { queue } = device;
const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = usage;
const byteLength = smallCount * 4;
const makeBuffer = (size: number, flags: number) => device.createBuffer({ size, usage: flags });
const [x, y] = [0, 1].map(() => makeBuffer(byteLength, STORAGE | COPY_SRC | COPY_DST)) as [
  GPUBuffer,
  GPUBuffer,
];
const factor = makeBuffer(16, UNIFORM | COPY_DST);
const back = makeBuffer(byteLength, MAP_READ | COPY_DST);
const pipeline = device.createComputePipeline({
  layout: "auto",
  compute: { module: device.createShaderModule({ code: smallWgsl }) },
});
const bind = (from: GPUBuffer, to: GPUBuffer) =>
  device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [from, to, factor].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
const [forth, andBack] = [bind(x, y), bind(y, x)];
const numbers = new Float32Array(smallCount).fill(3);
queue.writeBuffer(factor, 0, Float32Array.of(1));

/** So many dispatches to and fro, and what they have made. */
async function dispatch(count: number): Promise<Float32Array> {
  queue.writeBuffer(x, 0, numbers);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  for (let i = 0; i < count; i++) {
    pass.setBindGroup(0, i % 2 === 0 ? forth : andBack);
    pass.dispatchWorkgroups(smallCount / 64);
  }
  pass.end();
  encoder.copyBufferToBuffer(count % 2 === 0 ? x : y, 0, back, 0, byteLength);
  queue.submit([encoder.finish()]);
  await back.mapAsync(mapRead);
  const result = new Float32Array(back.getMappedRange().slice(0));
  back.unmap();
  if (result[smallCount - 1] !== 3) throw new Error(`Dawn gave ${result[smallCount - 1]}`);
  return result;
}

let large:
  | { stored: GPUBuffer; mapped: GPUBuffer; from: Uint8Array<ArrayBuffer>; into: Uint8Array }
  | undefined;

async function carry(byteCount: number): Promise<void> {
  large ??= {
    stored: makeBuffer(byteCount, STORAGE | COPY_SRC | COPY_DST),
    mapped: makeBuffer(byteCount, MAP_READ | COPY_DST),
    from: new Uint8Array(byteCount).fill(5),
    into: new Uint8Array(byteCount),
  };
  const { stored, mapped, from, into } = large;
  queue.writeBuffer(stored, 0, from);
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(stored, 0, mapped, 0, byteCount);
  queue.submit([encoder.finish()]);
  await mapped.mapAsync(mapRead);
  into.set(new Uint8Array(mapped.getMappedRange()));
  mapped.unmap();
}

export type DawnRequest = {
  what: "small" | "chain" | "bytes";
  count: number;
  byteCount: number;
  /** Before each. */
  pauseMs: number;
};

process.on("message", async ({ what, count, byteCount, pauseMs }: DawnRequest) => {
  const samplesMs: number[] = [];
  for (let i = 0; i < count; i++) {
    if (pauseMs > 0) await delay(pauseMs);
    const startMs = performance.now();
    if (what === "bytes") await carry(byteCount);
    else await dispatch(what === "small" ? 1 : chainLength);
    samplesMs.push(performance.now() - startMs);
  }
  process.send!(samplesMs);
});
process.once("disconnect", () => process.exit());
process.send!("ready");
