import { convolutions } from "./tensor-cases.ts";

const [one, two, three] = [1, 2, 3].map((length) => new Float32Array(length)) as [
  Float32Array,
  Float32Array,
  Float32Array,
];
const image = { ...convolutions[1]!, height: 2 };

/** Calls that are wrong, and what is said of them, whoever is called. */
export const wrongCalls: [kernel: string, args: unknown[], says: string][] = [
  [
    "map",
    ["cube", one],
    "operation is no one of relu, sigmoid, tanh, exp, log, sqrt, abs, square, negate: cube",
  ],
  ["saxpy", [1, two, three], "y has 3 values, and 2 are needed"],
  ["argmax", [new Float32Array()], "x has no values, of which one could be the greatest"],
  ["sortPairs", [new Uint32Array(2), new Uint32Array(3)], "values has 3 values, and 2 are needed"],
  ["matmul", [three, two, 2, 2, 1], "a has 3 values, and 4 are needed"],
  ["matmul", [two, three, 1, 2, 2], "b has 3 values, and 4 are needed"],
  ["matmul", [one, one, -1, -1, -1], "m is a whole number from 0 on, not -1"],
  ["softmax", [three, 2], "x has 3 values, and rows of 2 are needed"],
  ["softmax", [three, 0], "x has 3 values, and rows of 0 are needed"],
  ["softmax", [three, -1], "columns is a whole number from 0 on, not -1"],
  ["layerNorm", [two, one, two, 2], "gain has 1 values, and 2 are needed"],
  ["layerNorm", [two, two, three, 2], "bias has 3 values, and 2 are needed"],
  ["conv2d", [three, one, image], "x has 3 values, and 2 are needed"],
  ["conv2d", [two, two, image], "weights has 2 values, and 1 are needed"],
  ["conv2d", [two, one, { ...image, stride: 0 }], "stride is a whole number from 1 on, not 0"],
  ["conv2d", [two, one, { ...image, padding: -1 }], "padding is a whole number from 0 on, not -1"],
  ["histogram", [one, 0, 0.5, 1.5], "there is no histogram of 0 bins from 0.5 to 1.5"],
  ["nbodyStep", [three, three, 1, 1], "positions has 3 values, and rows of 4 are needed"],
  ["nbodyStep", [new Float32Array(4), three, 1, 1], "velocities has 3 values, and 4 are needed"],
  ["nbodyStep", [new Float32Array(4), new Float32Array(4), 1, -0.5], "a softening is more than 0, not -0.5"],
  ["mlpForward", [one, two, [1]], "a network has a layer"],
  ["mlpForward", [one, two, [1, 0]], "sizes is a whole number from 1 on, not 0"],
  ["mlpForward", [three, three, [2, 1]], "x has 3 values, and rows of 2 are needed"],
  ["mlpForward", [one, three, [1, 1]], "weights has 3 values, and 2 are needed"],
  ["mlpBackward", [one, new Uint32Array(2), two, [1, 1], 1], "labels has 2 values, and 1 are needed"],
  ["mlpGradient", [one, three, two, [1, 1]], "gradient has 3 values, and 1 are needed"],
];
