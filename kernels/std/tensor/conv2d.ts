import { multiplySimd } from "./multiply";
import { checkLength, checkSize, product } from "./sizes";

export class Conv2dSizes {
  images: i32 = 0;
  channels: i32 = 0;
  height: i32 = 0;
  width: i32 = 0;
  filters: i32 = 0;
  filterHeight: i32 = 0;
  filterWidth: i32 = 0;
  stride: i32 = 1;
  /** Rows and columns of zeros on each side. */
  padding: i32 = 0;
}

/**
 * Images × filters × rows × columns: `x`, images × channels × height × width, with `weights`, filters × channels × filter
 * height × filter width.
 */
export function conv2d(x: Float32Array, weights: Float32Array, sizes: Conv2dSizes): Float32Array {
  const out = newImages(x, weights, sizes);
  const outHeight = outSize(sizes.height, sizes.filterHeight, sizes);
  const outWidth = outSize(sizes.width, sizes.filterWidth, sizes);
  let to = out.dataStart;
  if (out.length == 0) return out;
  for (let image = 0; image < sizes.images; image++) {
    for (let filter = 0; filter < sizes.filters; filter++) {
      for (let row = 0; row < outHeight; row++) {
        for (let column = 0; column < outWidth; column++, to += 4) {
          store<f32>(to, valueAt(x.dataStart, weights.dataStart, sizes, image, filter, row, column));
        }
      }
    }
  }
  return out;
}

function valueAt(
  x: usize,
  weights: usize,
  sizes: Conv2dSizes,
  image: i32,
  filter: i32,
  row: i32,
  column: i32,
): f32 {
  const channels = sizes.channels;
  const height = sizes.height;
  const width = sizes.width;
  const filterHeight = sizes.filterHeight;
  const filterWidth = sizes.filterWidth;
  const firstRow = row * sizes.stride - sizes.padding;
  const firstColumn = column * sizes.stride - sizes.padding;
  // Those of the filter that are within the image.
  const fromRow = max(0, -firstRow);
  const toRow = min(filterHeight, height - firstRow);
  const fromColumn = max(0, -firstColumn);
  const toColumn = min(filterWidth, width - firstColumn);
  let sum: f32 = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let dy = fromRow; dy < toRow; dy++) {
      const inRow = (image * channels + channel) * height + firstRow + dy;
      const inFilter = ((filter * channels + channel) * filterHeight + dy) * filterWidth;
      let at = x + ((<usize>(inRow * width + firstColumn + fromColumn)) << 2);
      let weight = weights + ((<usize>(inFilter + fromColumn)) << 2);
      for (let dx = fromColumn; dx < toColumn; dx++, at += 4, weight += 4) {
        sum += load<f32>(at) * load<f32>(weight);
      }
    }
  }
  return sum;
}

/** About how many values are laid out at a time: 256 KiB, which a second-level cache holds. */
const PATCH_VALUES: i32 = 1 << 16;

/** The same as products of matrices: of the weights, a row a filter, with what lies under a filter, a column each place. */
export function conv2dSimd(x: Float32Array, weights: Float32Array, sizes: Conv2dSizes): Float32Array {
  const out = newImages(x, weights, sizes);
  const outHeight = outSize(sizes.height, sizes.filterHeight, sizes);
  const outWidth = outSize(sizes.width, sizes.filterWidth, sizes);
  const depth = sizes.channels * sizes.filterHeight * sizes.filterWidth;
  if (out.length == 0 || depth == 0) return out;
  const rowValues = product(depth, outWidth);
  const stripHeight = <i32>min<i64>(outHeight, max<i64>(1, PATCH_VALUES / rowValues));
  const patches = new Float32Array(<i32>product(rowValues, stripHeight));
  const plane = outHeight * outWidth;
  for (let image = 0; image < sizes.images; image++) {
    const from = x.dataStart + ((<usize>(image * sizes.channels * sizes.height * sizes.width)) << 2);
    const to = out.dataStart + ((<usize>(image * sizes.filters * plane)) << 2);
    for (let row = 0; row < outHeight; row += stripHeight) {
      const rows = min(stripHeight, outHeight - row);
      layOut(from, patches.dataStart, sizes, row, rows, outWidth);
      const strip = to + ((<usize>(row * outWidth)) << 2);
      const columns = rows * outWidth;
      multiplySimd(weights.dataStart, patches.dataStart, strip, sizes.filters, depth, columns, plane);
    }
  }
  return out;
}

/** For each channel and place in the filter a row: what lies there for each place of some rows of the result. */
function layOut(from: usize, to: usize, sizes: Conv2dSizes, first: i32, rows: i32, outWidth: i32): void {
  const stride = sizes.stride;
  const height = sizes.height;
  const width = sizes.width;
  const end = (<usize>outWidth) << 2;
  for (let channel = 0; channel < sizes.channels; channel++, from += (<usize>(height * width)) << 2) {
    for (let dy = 0; dy < sizes.filterHeight; dy++) {
      for (let dx = 0; dx < sizes.filterWidth; dx++) {
        const firstColumn = dx - sizes.padding;
        for (let row = first; row < first + rows; row++, to += end) {
          const inRow = row * stride + dy - sizes.padding;
          if (<u32>inRow >= <u32>height) {
            memory.fill(to, 0, end);
            continue;
          }
          const line = from + ((<usize>(inRow * width)) << 2);
          if (stride == 1) {
            copyShifted(to, line, firstColumn, width, outWidth);
          } else {
            for (let at: usize = 0, column = firstColumn; at < end; at += 4, column += stride) {
              const isInside = <u32>column < <u32>width;
              store<f32>(to + at, isInside ? load<f32>(line + ((<usize>column) << 2)) : 0);
            }
          }
        }
      }
    }
  }
}

/** A row from `first` on, which may be before or past it, where there are zeros. */
function copyShifted(to: usize, line: usize, first: i32, width: i32, count: i32): void {
  const before = min(count, max(0, -first));
  const inside = max(0, min(count - before, width - (first + before)));
  memory.fill(to, 0, (<usize>before) << 2);
  memory.copy(to + ((<usize>before) << 2), line + ((<usize>(first + before)) << 2), (<usize>inside) << 2);
  memory.fill(to + ((<usize>(before + inside)) << 2), 0, (<usize>(count - before - inside)) << 2);
}

/** How many places a filter has along an image. */
function outSize(size: i32, filter: i32, sizes: Conv2dSizes): i32 {
  const room = <i64>size + 2 * <i64>sizes.padding - <i64>filter;
  return room < 0 ? 0 : <i32>min<i64>(i32.MAX_VALUE, room / sizes.stride + 1);
}

/** Checks what there is, and makes room for what comes of it. */
function newImages(x: Float32Array, weights: Float32Array, sizes: Conv2dSizes): Float32Array {
  checkSize("images", sizes.images);
  checkSize("channels", sizes.channels);
  checkSize("height", sizes.height);
  checkSize("width", sizes.width);
  checkSize("filters", sizes.filters);
  checkSize("filterHeight", sizes.filterHeight);
  checkSize("filterWidth", sizes.filterWidth);
  checkSize("stride", sizes.stride, 1);
  checkSize("padding", sizes.padding);
  const plane = product(sizes.height, sizes.width);
  checkLength("x", x.length, product(product(sizes.images, sizes.channels), plane));
  const perChannel = product(sizes.filterHeight, sizes.filterWidth);
  checkLength("weights", weights.length, product(product(sizes.filters, sizes.channels), perChannel));
  const outHeight = outSize(sizes.height, sizes.filterHeight, sizes);
  const outWidth = outSize(sizes.width, sizes.filterWidth, sizes);
  const count = product(product(sizes.images, sizes.filters), product(outHeight, outWidth));
  return new Float32Array(<i32>count);
}
