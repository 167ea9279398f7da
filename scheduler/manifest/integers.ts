import type { ScalarType } from "../protocol/manifest.ts";

/** The least and the greatest of each type of integers, as JavaScript has them outside. */
export const integerRanges: Partial<Record<ScalarType, [number | bigint, number | bigint]>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32_768, 32_767],
  u16: [0, 65_535],
  i32: [-2_147_483_648, 2_147_483_647],
  u32: [0, 4_294_967_295],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 2n ** 64n - 1n],
};
