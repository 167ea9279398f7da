/**
 * Vectors, matrices and networks of f32: the kernels of `gpu/shaders/` for a cpu, under the same names. Those that end in
 * `Simd` give the same by vectors of four, but for rounding; there is one wherever it was measured to be faster.
 */

export { conv2d, conv2dSimd } from "./tensor/conv2d";
export { histogram } from "./tensor/histogram";
export { map, mapSimd, saxpy, saxpySimd } from "./tensor/map";
export { matmul, matmulSimd } from "./tensor/matmul";
export {
  mlpBackward,
  mlpBackwardSimd,
  mlpForward,
  mlpForwardSimd,
  mlpGradient,
  mlpGradientSimd,
} from "./tensor/mlp";
export { nbodyStep } from "./tensor/nbody";
export { argmax, max, min, sum, sumSimd } from "./tensor/reduce";
export { layerNorm, softmax, softmaxSimd } from "./tensor/rows";
export { scan, scanU32 } from "./tensor/scan";
export { sort, sortPairs } from "./tensor/sort";
