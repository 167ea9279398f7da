import { WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";
import { ModuleRejectedError } from "../protocol/errors.ts";
import { readBinding } from "./read-binding.ts";
import type { Shape } from "./shape.ts";

/** A variable of a program that a task gives a buffer, or values. */
export type Binding = {
  name: string;
  group: number;
  binding: number;
  access: "uniform" | "read" | "read_write";
  shape: Shape;
};

export type Entry = {
  name: string;
  /** What it, or a function that it calls, uses; by group and number. */
  bindings: Binding[];
  /** With the defaults of override constants; of the device's limits, the device itself tells. */
  workgroupSize: readonly [number, number, number];
};

/** A WGSL file with its compute entry points, as its text declares them. */
export type Program = {
  /** What errors call it: the name of its file. */
  name: string;
  wgsl: string;
  entries: ReadonlyMap<string, Entry>;
  /** The override constants. One without a default has to be given. */
  constants: ReadonlyMap<string, { type: string; isRequired: boolean }>;
};

/** The same as JSON. */
export type WireProgram = Omit<Program, "entries" | "constants"> & {
  entries: Entry[];
  constants: [string, { type: string; isRequired: boolean }][];
};

export const wireProgram = ({ entries, constants, ...others }: Program): WireProgram => ({
  ...others,
  entries: [...entries.values()],
  constants: [...constants],
});

export const programOf = ({ entries, constants, ...others }: WireProgram): Program => ({
  ...others,
  entries: new Map(entries.map((each) => [each.name, each])),
  constants: new Map(constants),
});

/** A megabyte of WGSL takes a compiler many seconds. */
const mostCharacters = 1024 * 1024;

/** @throws ModuleRejectedError for a text that is too long to compile it */
export function checkLength(name: string, wgsl: string): void {
  if (wgsl.length <= mostCharacters) return;
  throw new ModuleRejectedError(`${name}: ${wgsl.length} characters are more than ${mostCharacters}`, {
    data: { program: name },
  });
}

/**
 * Reads what a program declares. That it is right, only a device tells; see `GpuDevice.compile`.
 * @throws ModuleRejectedError
 */
export function readProgram(name: string, wgsl: string): Program {
  const reject = (why: string) => new ModuleRejectedError(`${name}: ${why}`, { data: { program: name } });
  checkLength(name, wgsl);
  let reflected: WgslReflect;
  try {
    reflected = new WgslReflect(wgsl);
  } catch (error) {
    throw atLine(name, wgsl, (error as Error).message);
  }
  const { entry, overrides, textures, samplers } = reflected;
  if (entry.compute.length === 0) throw reject("it has no @compute entry point");
  const [other] = [...textures, ...samplers];
  if (other !== undefined) throw reject(`${other.name}: only buffers can be bound, no textures or samplers`);
  const entries = entry.compute.map(
    ({ name: entryName, resources, workgroupSize }): Entry => ({
      name: entryName,
      bindings: resources.map((variable) => readBinding(name, variable)).sort(byPlace),
      workgroupSize: workgroupSize ?? [1, 1, 1],
    }),
  );
  return {
    name,
    wgsl,
    entries: new Map(entries.map((each) => [each.name, each])),
    constants: new Map(
      overrides.map((each) => [
        each.name,
        { type: each.type?.name ?? "f32", isRequired: !hasDefault(wgsl, each.name) },
      ]),
    ),
  };
}

const byPlace = (a: Binding, b: Binding) => a.group - b.group || a.binding - b.binding;

/** Reflection does not tell. A comment that looks like it only leaves the error to the device. */
const hasDefault = (wgsl: string, name: string) => new RegExp(`override\\s+${name}\\b[^;=]*=`).test(wgsl);

/** The parser's message ends with the line. */
function atLine(name: string, wgsl: string, message: string): ModuleRejectedError {
  const [, said = message, number] = /^(.*?)\.* Line: ?(\d+)$/s.exec(message) ?? [];
  const line = Number(number ?? 0);
  const source = (wgsl.split("\n")[line - 1] ?? "").slice(0, 200);
  return new ModuleRejectedError(`${name}:${line}: ${said}${source && `\n  ${source}`}`, {
    remedy: "Correct the WGSL there.",
    data: { program: name, line, source },
  });
}
