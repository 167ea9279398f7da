import { readProgram } from "../../scheduler/wgsl/program.ts";
import type { BufferSource, GpuTask } from "../programs/task.ts";
import wgsl from "./conv2d.wgsl";
import { checkSize, checkWords, groupsFor, words } from "./sizes.ts";

const program = readProgram("conv2d.wgsl", wgsl);

/** An invocation has so many values of a row, for so many filters. */
const tile = 8;

export type Conv2dSizes = {
  images: number;
  channels: number;
  height: number;
  width: number;
  filters: number;
  filterHeight: number;
  filterWidth: number;
  stride?: number;
  /** Rows and columns of zeros on each side. */
  padding?: number;
};

/** How large the images of the result are. */
export function convolvedSize({
  height,
  width,
  filterHeight,
  filterWidth,
  stride = 1,
  padding = 0,
}: Conv2dSizes) {
  const of = (size: number, filter: number) =>
    Math.max(0, Math.floor((size + 2 * padding - filter) / stride) + 1);
  return { outHeight: of(height, filterHeight), outWidth: of(width, filterWidth) };
}

/**
 * `out`, images × filters × height × width, of f32: `x`, images × channels × height × width, with `weights`,
 * filters × channels × height × width, and a `bias` for each filter.
 */
export function conv2d(
  sizes: Conv2dSizes,
  x: BufferSource,
  weights: BufferSource,
  bias: BufferSource,
): GpuTask {
  const {
    images,
    channels,
    height,
    width,
    filters,
    filterHeight,
    filterWidth,
    stride = 1,
    padding = 0,
  } = sizes;
  for (const [name, size] of Object.entries({ ...sizes, stride, padding })) {
    checkSize(name, size, name === "stride" ? 1 : 0);
  }
  checkWords("x", x, images * channels * height * width);
  checkWords("weights", weights, filters * channels * filterHeight * filterWidth);
  checkWords("bias", bias, filters);
  const outSize = convolvedSize(sizes);
  const { outHeight, outWidth } = outSize;
  const count = images * filters * outHeight * outWidth;
  const tiles = images * Math.ceil(filters / tile) * outHeight * Math.ceil(outWidth / tile);
  return {
    buffers: { x, weights, bias, out: words(count) },
    steps: [
      {
        program,
        workgroups: groupsFor(tiles),
        constants: { isSingle: filters === 1 ? 1 : 0 },
        uniforms: { params: { ...sizes, stride, padding, ...outSize } },
      },
    ],
    results: ["out"],
  };
}
