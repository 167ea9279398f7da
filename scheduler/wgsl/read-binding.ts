import type { ArrayInfo, StructInfo, TemplateInfo, TypeInfo, VariableInfo } from "wgsl_reflect";
import { ModuleRejectedError } from "../protocol/errors.ts";
import type { Binding } from "./program.ts";
import type { ScalarName, Shape } from "./shape.ts";

const scalars: Record<string, ScalarName> = { f: "f32", i: "i32", u: "u32", h: "f16" };
const scalarNames: Record<string, number> = { f32: 4, i32: 4, u32: 4, f16: 2, bool: 4 };

/** @throws ModuleRejectedError for a type that no task can give */
export function readBinding(program: string, variable: VariableInfo): Binding {
  const { name, group, binding, access, type } = variable;
  const refuse = (why: string) =>
    new ModuleRejectedError(`${program}: ${name}: ${why}`, { data: { program, binding: name } });
  const shape = readShape(type, refuse);
  // ResourceType.Uniform is 0, ResourceType.Storage 1.
  const kind = variable.resourceType === 0 ? "uniform" : access === "read_write" ? "read_write" : "read";
  return { name, group, binding, access: kind, shape };
}

function readShape(type: TypeInfo, refuse: (why: string) => Error): Shape {
  if ("members" in type) {
    const { name, members, size } = type as StructInfo;
    return {
      kind: "struct",
      name,
      byteLength: size,
      members: members.map((member) => ({
        name: member.name,
        offset: member.offset,
        shape: readShape(member.type, refuse),
      })),
    };
  }
  if (type.name === "array") {
    const { format, count, stride, size } = type as ArrayInfo;
    return { kind: "array", item: readShape(format, refuse), count, stride, byteLength: size };
  }
  if (type.name === "atomic") return readShape((type as TemplateInfo).format!, refuse);
  const byteLength = scalarNames[type.name];
  if (byteLength !== undefined) return { kind: "scalar", scalar: type.name as ScalarName, byteLength };
  const vector = /^(?:vec(\d)|mat(\d)x(\d))([fiuh])?$/.exec(type.name);
  if (vector === null) throw refuse(`its type has ${type.name}, which can't be bound`);
  const [, size, columns = "1", matrixRows, letter] = vector;
  const rows = Number(size ?? matrixRows);
  const scalar =
    letter === undefined ? ((type as TemplateInfo).format!.name as ScalarName) : scalars[letter]!;
  const bytes = scalarNames[scalar]!;
  const columnStride = (rows === 3 ? 4 : rows) * bytes;
  const name = letter === undefined ? `${type.name}<${scalar}>` : type.name;
  return {
    kind: "vector",
    scalar,
    rows,
    columns: Number(columns),
    columnStride,
    byteLength: columns === "1" ? rows * bytes : Number(columns) * columnStride,
    name,
  };
}
