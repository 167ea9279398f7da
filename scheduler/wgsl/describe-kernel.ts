import { ModuleRejectedError } from "../protocol/errors.ts";
import {
  type ClassLayout,
  type Formula,
  type GpuDispatch,
  type KernelSignature,
  type Manifest,
  type Param,
  type Type,
  typeName,
} from "../protocol/manifest.ts";
import type { Binding, Entry, Program } from "./program.ts";
import { nameOf, type Shape, scalarOf } from "./shape.ts";

/** What a program's kernel is to do beside what its text declares. */
export type Dispatches = {
  /** The variables that are its results; of those whose length the text does not tell, with how many elements. */
  outputs: Record<string, Formula | undefined>;
  /** Buffers between steps, with how many elements. */
  scratch: Record<string, Formula>;
  /** The outputs that are arguments, too: a copy of what was given is written to. */
  updates: readonly string[];
  steps: readonly GpuDispatch[];
};

type Named = { name: string; binding: Binding };

/**
 * The manifest of a module that is a program. Parameters are the variables that its steps use and nothing else gives: in the
 * order of their bindings. A kernel of several results returns an object of them, and has a kernel for each that takes this
 * object and returns that result.
 * @throws ModuleRejectedError that names the variable
 */
export function describeKernel(module: string, program: Program, given: Dispatches): Manifest {
  const { steps, outputs, scratch, updates } = given;
  const refuse = (name: string, why: string) =>
    new ModuleRejectedError(`${program.name}: ${name} ${why}`, {
      data: { program: program.name, binding: name },
    });
  const used = new Map<string, Named>();
  for (const step of steps) {
    const entry = entryOf(program, step.entry, refuse);
    for (const binding of entry.bindings) {
      if (binding.access === "uniform" && step.uniforms?.[binding.name] !== undefined) continue;
      const name =
        binding.access === "uniform" ? binding.name : (step.buffers?.[binding.name] ?? binding.name);
      const known = used.get(name);
      if (known === undefined || placeOf(binding) < placeOf(known.binding)) used.set(name, { name, binding });
    }
  }
  const needed = (name: string) => {
    const found = used.get(name);
    if (found !== undefined && found.binding.access !== "uniform") return found.binding;
    const names = [...used.values()].filter(({ binding }) => binding.access !== "uniform");
    throw refuse(name, `is no buffer of its steps, which are ${names.map((each) => each.name).join(", ")}`);
  };
  const types = new Types(refuse);
  const buffers: Record<string, Formula> = {};
  const isNew = (name: string) => (name in outputs || name in scratch) && !updates.includes(name);
  for (const [name, size] of [...Object.entries(outputs), ...Object.entries(scratch)]) {
    const { shape } = needed(name);
    const length = size ?? lengthOf(shape);
    if (!isNew(name)) continue;
    if (length === undefined) throw refuse(name, `is ${nameOf(shape)}, and its length is not said`);
    buffers[name] = length;
  }
  for (const name of updates) {
    needed(name);
    if (!(name in outputs)) throw refuse(name, "is updated, and no output");
  }
  const params = [...used.values()]
    .filter(({ name }) => !isNew(name))
    .sort((one, other) => placeOf(one.binding) - placeOf(other.binding))
    .map(({ name, binding }): Param => {
      if (binding.access === "uniform") return { name, type: types.ofUniform(name, binding.shape) };
      return { name, type: types.ofBuffer(name, binding.shape) };
    });
  const names = Object.keys(outputs);
  const [only] = names;
  if (only === undefined) throw refuse("outputs", "are missing: a kernel without a result does nothing");
  const kernelName = steps.length === 1 ? entryOf(program, steps[0]!.entry, refuse).name : "main";
  const fields = names.map((name) => ({ name, type: types.ofResult(name, needed(name).shape) }));
  const place = { file: program.name, line: lineOf(program, steps[0]!.entry) };
  const returns = names.length === 1 ? fields[0]!.type : types.record("Outputs", fields);
  const kernels: KernelSignature[] = [
    {
      ...{ name: kernelName, params, returns, ...place },
      gpu: { shader: program.name, buffers, updates: [...updates], outputs: names, steps: [...steps] },
    },
  ];
  if (names.length > 1) {
    for (const { name, type } of fields) {
      const from: Param = { name: "outputs", type: returns };
      kernels.push({
        ...{ name: `${kernelName}.${name}`, params: [from], returns: type, ...place },
        gpu: { field: name },
      });
    }
  }
  return {
    ...{ version: 1, module, kernels, classes: types.classes, runtimeIds: types.ids },
    shaders: { [program.name]: program.wgsl },
  };
}

/** Parameters are in this order. */
const placeOf = ({ group, binding }: Binding) => group * 65_536 + binding;

function entryOf(
  program: Program,
  name: string | undefined,
  refuse: (name: string, why: string) => Error,
): Entry {
  const [only] = program.entries.values();
  if (name === undefined && program.entries.size === 1) return only!;
  const entry = program.entries.get(name ?? "");
  if (entry !== undefined) return entry;
  const names = [...program.entries.keys()].join(", ");
  throw refuse(name ?? "the entry point", `is none of its entry points: ${names}`);
}

/** From 1. */
function lineOf({ wgsl }: Program, entry: string | undefined): number {
  const at = wgsl.search(entry === undefined ? /@compute/ : new RegExp(`fn\\s+${entry}\\b`));
  return wgsl.slice(0, Math.max(at, 0)).split("\n").length;
}

/** How many elements a buffer of the type has, if that follows from it. */
function lengthOf(shape: Shape): number | undefined {
  if (shape.kind === "array" && shape.count === 0) return undefined;
  return scalarOf(shape) === undefined ? shape.byteLength : shape.byteLength / 4;
}

const arrays: Record<string, Type> = { f32: "Float32Array", i32: "Int32Array", u32: "Uint32Array" };

/** The types of a manifest, with what belongs to them. */
class Types {
  readonly classes: Record<string, ClassLayout> = {};
  /** Nothing of a GPU kernel lies in the memory of a module. */
  readonly ids: Record<string, number> = {};
  readonly #refuse: (name: string, why: string) => Error;

  constructor(refuse: (name: string, why: string) => Error) {
    this.#refuse = refuse;
  }

  ofBuffer(name: string, shape: Shape): Type {
    const scalar = scalarOf(shape);
    const type = scalar === undefined ? "Uint8Array" : arrays[scalar];
    if (type === undefined) throw this.#refuse(name, `is ${nameOf(shape)}, which no typed array is`);
    return this.#known(type);
  }

  /** A result that is one number is told as such. */
  ofResult(name: string, shape: Shape): Type {
    if (shape.kind === "scalar" && shape.scalar in arrays) return shape.scalar as Type;
    return this.ofBuffer(name, shape);
  }

  ofUniform(name: string, shape: Shape): Type {
    switch (shape.kind) {
      case "scalar":
        if (shape.scalar in arrays) return shape.scalar as Type;
        throw this.#refuse(name, `is ${shape.scalar}, which a uniform can't be given`);
      case "vector":
        return this.#known({ array: "f64" });
      case "array":
        return this.#known({ array: this.ofUniform(name, shape.item) });
      case "struct":
        return this.record(
          shape.name,
          shape.members.map((member) => ({
            name: member.name,
            type: this.ofUniform(`${name}.${member.name}`, member.shape),
          })),
        );
    }
  }

  record(name: string, fields: { name: string; type: Type }[]): Type {
    const laid = fields.map((field, index) => ({ ...field, offset: 8 * index }));
    this.classes[name] = { bytes: 8 * fields.length, fields: laid };
    return this.#known({ object: name });
  }

  #known(type: Type): Type {
    this.ids[typeName(type)] = 0;
    return type;
  }
}
