import { readProgram } from "../../scheduler/wgsl/program.ts";
import type { BufferSource, GpuTask } from "../programs/task.ts";
import register from "./matmul-register.wgsl";
import shared from "./matmul-shared.wgsl";
import vector from "./matmul-vector.wgsl";
import { checkSize, checkWords, grid, words } from "./sizes.ts";

/** Each with the rows and columns that a workgroup has. */
const variants = {
  register: { program: readProgram("matmul-register.wgsl", register), tile: 32 },
  shared: { program: readProgram("matmul-shared.wgsl", shared), tile: 64 },
};

/** The register variant where all rows are whole vectors of four. */
const ofVectors = readProgram("matmul-vector.wgsl", vector);

export type MatmulVariant = keyof typeof variants;
export const matmulVariants = Object.keys(variants) as MatmulVariant[];

export type MatmulSizes = { m: number; k: number; n: number };

/** `c`, m × n, is `a`, m × k, times `b`, k × n, of f32 and row by row; see `chooseMatmul` for the variant. */
export function matmul(
  variant: MatmulVariant,
  { m, k, n }: MatmulSizes,
  a: BufferSource,
  b: BufferSource,
): GpuTask {
  for (const [name, size] of Object.entries({ m, k, n })) checkSize(name, size);
  checkWords("a", a, m * k);
  checkWords("b", b, k * n);
  const { program: general, tile } = variants[variant];
  const program = variant === "register" && k % 4 === 0 && n % 4 === 0 ? ofVectors : general;
  return {
    buffers: { a, b, c: words(m * n) },
    steps: [{ program, workgroups: grid(n, m, tile), uniforms: { params: { m, k, n } } }],
    results: ["c"],
  };
}
