import { readFile } from "node:fs/promises";
import { InvalidTaskError, ModuleNotFoundError } from "../protocol/errors.ts";
import { type Formula, type GpuDispatch, type Manifest, manifestSection } from "../protocol/manifest.ts";
import { isName } from "../protocol/subjects.ts";
import { moduleWith } from "../wasm/write.ts";
import { describeKernel } from "../wgsl/describe-kernel.ts";
import { checkFormula } from "../wgsl/formula.ts";
import { isKnownIn } from "../wgsl/known-of.ts";
import { readProgram } from "../wgsl/program.ts";
import { checkOptionNames } from "./check-options.ts";

/** Where a shader comes from: the path or `file:` URL of a `.wgsl` file, or its text and what to call it. */
export type ShaderSource = string | URL | { name: string; wgsl: string };

/** One dispatch of a kernel's shader. */
export type GpuStep = Omit<GpuDispatch, "workgroups"> & {
  /** How many workgroups, in up to three dimensions; fractions count as one more. */
  workgroups: Formula | readonly Formula[];
};

/**
 * What a GPU kernel does beside what its shader declares. A formula is a number, or arithmetic with what the arguments
 * tell: `"x.length / 64"`, `"params.rows * params.columns"`.
 */
export type GpuKernelOptions = {
  /** The variables that it returns. Of a runtime-sized array, it is to be said how many elements it has. */
  outputs: readonly string[] | Readonly<Record<string, Formula>>;
  /** The outputs that are arguments, too: what was given is copied, and the copy is written to. */
  updates?: readonly string[];
  /** Buffers that one step leaves to another, with how many elements each has. They are zero at first. */
  scratch?: Readonly<Record<string, Formula>>;
  /** Several dispatches, one after the other. Else there is one, as these say: */
  steps?: readonly GpuStep[];
} & Partial<Omit<GpuStep, "buffers">>;

const optionNames = [
  "outputs",
  "updates",
  "scratch",
  "steps",
  "workgroups",
  "entry",
  "constants",
  "uniforms",
];

/**
 * The module that a shader is, as a `.wasm` without code: hosts and programs treat it like any other.
 * @throws ModuleNotFoundError, ModuleRejectedError, InvalidTaskError
 */
export async function gpuModule(source: ShaderSource, options: GpuKernelOptions): Promise<Uint8Array> {
  checkOptionNames("gpuKernel", options, optionNames);
  const { name, wgsl } = await readShader(source);
  const module = name.replace(/\.wgsl$/, "");
  if (!isName(module))
    throw new InvalidTaskError(`${name} names no module`, {
      remedy: "Name the file by letters, digits, _ and -, and .wgsl.",
    });
  const { updates = [], scratch = {} } = options;
  const manifest = describeKernel(module, readProgram(name, wgsl), {
    ...{ updates, scratch, steps: stepsOf(name, options) },
    outputs: isList(options.outputs)
      ? Object.fromEntries(options.outputs.map((each) => [each, undefined]))
      : (options.outputs ?? {}),
  });
  checkFormulas(name, manifest);
  return moduleWith(manifestSection, new TextEncoder().encode(JSON.stringify(manifest)));
}

async function readShader(source: ShaderSource): Promise<{ name: string; wgsl: string }> {
  if (typeof source === "object" && "wgsl" in source) return source;
  const path = String(source);
  try {
    return { name: path.slice(path.lastIndexOf("/") + 1), wgsl: await readFile(source, "utf8") };
  } catch (error) {
    throw new ModuleNotFoundError(`the shader ${path} can't be read: ${(error as Error).message}`, {
      remedy: "Check the path.",
      cause: error,
    });
  }
}

function stepsOf(
  name: string,
  { steps, workgroups, entry, constants, uniforms }: GpuKernelOptions,
): GpuDispatch[] {
  if (steps !== undefined) {
    if (workgroups !== undefined || entry !== undefined || constants !== undefined || uniforms !== undefined)
      throw new InvalidTaskError(`${name} is given steps, and what is of one step`, {
        remedy: "Say workgroups, entry, constants and uniforms in each of the steps.",
      });
    return steps.map(dispatchOf);
  }
  if (workgroups === undefined)
    throw new InvalidTaskError(`${name} is not told its workgroups`, {
      remedy: 'Say how many, as { workgroups: "x.length / 64" }.',
      data: { option: "workgroups" },
    });
  return [
    dispatchOf({
      workgroups,
      ...(entry !== undefined && { entry }),
      ...(constants !== undefined && { constants }),
      ...(uniforms !== undefined && { uniforms }),
    }),
  ];
}

const dispatchOf = (step: GpuStep): GpuDispatch => ({
  ...step,
  workgroups: isList(step.workgroups) ? [...step.workgroups] : [step.workgroups],
});

const isList = <T>(value: T | readonly T[] | unknown): value is readonly T[] => Array.isArray(value);

function checkFormulas(name: string, manifest: Manifest): void {
  const kernel = manifest.kernels[0]!;
  const isKnown = isKnownIn(kernel, manifest);
  const { gpu } = kernel;
  if (gpu === undefined || !("shader" in gpu)) return;
  const check = (what: string, formula: Formula) => checkFormula(`${name}: ${what}`, formula, isKnown);
  for (const [buffer, length] of Object.entries(gpu.buffers)) check(`the length of ${buffer}`, length);
  for (const { workgroups, constants = {}, uniforms = {} } of gpu.steps) {
    if (workgroups.length < 1 || workgroups.length > 3)
      throw new InvalidTaskError(
        `${name}: workgroups have one to three dimensions, not ${workgroups.length}`,
      );
    for (const formula of workgroups) check("workgroups", formula);
    for (const [constant, formula] of Object.entries(constants)) check(`the constant ${constant}`, formula);
    for (const [uniform, value] of Object.entries(uniforms)) {
      if (typeof value !== "object") check(`the uniform ${uniform}`, value);
      else
        for (const [member, each] of Object.entries(value)) check(`the uniform ${uniform}.${member}`, each);
    }
  }
}
