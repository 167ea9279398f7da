import type { Block, DeviceMemory } from "./memory.ts";
import type { Pipeline } from "./pipelines.ts";
import { usage } from "./usage.ts";

/** A part of a block that a dispatch sees, from its beginning. */
export type Part = { block: Block; byteLength: number };

/** What uniforms of one submit may take; a full one is submitted. */
const uniformBytes = 64 * 1024;
/** Where a uniform may begin, on any device. */
const uniformStep = 256;
/** A device begins with these while more are recorded. */
const mostDispatches = 32;
/** When there are more, all are forgotten: those of blocks that are no more can't be told from others. */
const mostBindGroups = 4_096;

/**
 * Collects what the device is to do, and submits it. Consecutive dispatches are one pass, which takes half as long as a pass
 * for each; so what comes into being zeroed is zeroed before all of it, and for that, no block is used again before what it
 * was used for is submitted.
 */
export class Recorder {
  readonly #device: GPUDevice;
  readonly #memory: DeviceMemory;
  readonly #submitted: () => void;
  readonly #uniforms: GPUBuffer;
  readonly #words = new Uint32Array(uniformBytes / 4);
  readonly #bindGroups = new Map<string, GPUBindGroup>();
  readonly #retired: Block[] = [];
  #uniformEnd = 0;
  #zeroing: GPUCommandEncoder | undefined;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  /** That of the pass. */
  #pipeline: Pipeline | undefined;
  #dispatchCount = 0;

  /** @param submitted is called when the device got something */
  constructor(device: GPUDevice, memory: DeviceMemory, submitted: () => void) {
    this.#device = device;
    this.#memory = memory;
    this.#submitted = submitted;
    this.#uniforms = device.createBuffer({ size: uniformBytes, usage: usage.UNIFORM | usage.COPY_DST });
    memory.count(uniformBytes);
  }

  /** Before anything else that is recorded and not yet submitted. */
  zero({ block, byteLength }: Part): void {
    this.#zeroing ??= this.#device.createCommandEncoder();
    this.#zeroing.clearBuffer(block.buffer, 0, byteLength);
  }

  copy(from: GPUBuffer, to: GPUBuffer, fromByte: number, toByte: number, byteLength: number): void {
    this.#endPass();
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(from, fromByte, to, toByte, byteLength);
  }

  /** @param bindings of each group, in the order of its layout */
  dispatch(pipeline: Pipeline, [x, y, z]: [number, number, number], bindings: (Part | number[])[]): void {
    const wordCount = bindings.reduce(
      (sum, part) => sum + (Array.isArray(part) ? step(part.length * 4) : 0),
      0,
    );
    if (this.#dispatchCount >= mostDispatches || this.#uniformEnd + wordCount > uniformBytes) this.submit();
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass();
    if (this.#pipeline !== pipeline) this.#pass.setPipeline(pipeline.pipeline);
    this.#pipeline = pipeline;
    let next = 0;
    for (const [group, layout] of pipeline.layout.entries()) {
      const parts = bindings.slice(next, next + layout.length);
      next += layout.length;
      const offsets = parts.filter((part) => Array.isArray(part)).map((words) => this.#uniform(words));
      this.#pass.setBindGroup(group, this.#bindGroup(pipeline, group, parts), offsets);
    }
    this.#pass.dispatchWorkgroups(x, y, z);
    this.#dispatchCount++;
  }

  /** The block may be another's once all that is recorded has been submitted. */
  retire(block: Block): void {
    this.#retired.push(block);
  }

  /** Returns whether there was anything. */
  submit(): boolean {
    this.#endPass();
    const encoders = [this.#zeroing, this.#encoder].filter((encoder) => encoder !== undefined);
    if (encoders.length > 0) {
      const { queue } = this.#device;
      if (this.#uniformEnd > 0) queue.writeBuffer(this.#uniforms, 0, this.#words, 0, this.#uniformEnd / 4);
      queue.submit(encoders.map((encoder) => encoder.finish()));
      this.#submitted();
    }
    this.#zeroing = this.#encoder = undefined;
    this.#uniformEnd = this.#dispatchCount = 0;
    for (const block of this.#retired) this.#memory.give(block);
    this.#retired.length = 0;
    return encoders.length > 0;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = this.#pipeline = undefined;
  }

  /** Where the uniform is. */
  #uniform(words: number[]): number {
    const at = this.#uniformEnd;
    this.#words.set(words, at / 4);
    this.#uniformEnd += step(words.length * 4);
    return at;
  }

  #bindGroup(
    { layout, layoutId, groups }: Pipeline,
    group: number,
    parts: (Part | number[])[],
  ): GPUBindGroup {
    let key = `${layoutId}.${group}`;
    for (const part of parts) {
      key += Array.isArray(part) ? `u${part.length}` : `b${part.block.id}.${part.byteLength}`;
    }
    let bindGroup = this.#bindGroups.get(key);
    if (bindGroup === undefined) {
      bindGroup = this.#device.createBindGroup({
        layout: groups[group]!,
        entries: parts.map((part, index) => ({
          binding: layout[group]![index]!.binding,
          resource: Array.isArray(part)
            ? { buffer: this.#uniforms, size: part.length * 4 }
            : { buffer: part.block.buffer, size: part.byteLength },
        })),
      });
      if (this.#bindGroups.size >= mostBindGroups) this.#bindGroups.clear();
      this.#bindGroups.set(key, bindGroup);
    }
    return bindGroup;
  }
}

const step = (byteLength: number) => Math.ceil(byteLength / uniformStep) * uniformStep;
