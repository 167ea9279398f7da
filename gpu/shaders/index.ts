// What comes with wray: for each shader functions that plan a task of given sizes.
export { chooseMatmul } from "./choose-matmul.ts";
export { type Conv2dSizes, conv2d, convolvedSize } from "./conv2d.ts";
export { type HistogramBins, histogram } from "./histogram.ts";
export { type MapOperation, map, saxpy } from "./map.ts";
export { type MatmulSizes, type MatmulVariant, matmul, matmulVariants } from "./matmul.ts";
export { type MlpSizes, mlpBackward, mlpForward, mlpGradient } from "./mlp.ts";
export { type NbodyStep, nbodyStep } from "./nbody.ts";
export { type Plan, type Planned, plansFor } from "./plans.ts";
export { argmax, type Reduction, reduce } from "./reduce.ts";
export { type LayerNorm, layerNorm, type RowSizes, softmax } from "./rows.ts";
export { scan } from "./scan.ts";
export { sort, sortPairs } from "./sort.ts";
