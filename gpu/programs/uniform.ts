import { InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import { nameOf, type ScalarName, type Shape } from "../../scheduler/wgsl/shape.ts";

/** What a uniform is given: a number, numbers for a vector, an array or a matrix (column by column), or an object. */
export type UniformValue =
  | number
  | boolean
  | ArrayLike<number>
  | readonly UniformValue[]
  | { readonly [member: string]: UniformValue };

/**
 * The words of a uniform.
 * @param what names the variable in errors
 * @throws InvalidTaskError that names the member
 */
export function layUniform(what: string, shape: Shape, value: UniformValue): number[] {
  const words = new Uint32Array(Math.ceil(shape.byteLength / 4));
  put(new DataView(words.buffer), 0, what, shape, value);
  return [...words];
}

function put(view: DataView, at: number, what: string, shape: Shape, value: UniformValue): void {
  const refuse = (why: string) =>
    new InvalidTaskError(`${what} is ${nameOf(shape)}, ${why}`, { data: { binding: what } });
  switch (shape.kind) {
    case "scalar":
      if (typeof value !== "number" && typeof value !== "boolean") throw refuse(`given ${describe(value)}`);
      putScalar(view, at, shape.scalar, Number(value), refuse);
      return;
    case "vector": {
      const numbers = listOf(value);
      const count = shape.rows * shape.columns;
      if (numbers?.length !== count) throw refuse(`which takes ${count} numbers, given ${describe(value)}`);
      for (let index = 0; index < count; index++) {
        const place = at + Math.floor(index / shape.rows) * shape.columnStride;
        const number = numbers[index];
        if (typeof number !== "number") throw refuse(`given ${describe(number)} in it`);
        putScalar(
          view,
          place + (index % shape.rows) * (shape.scalar === "f16" ? 2 : 4),
          shape.scalar,
          number,
          refuse,
        );
      }
      return;
    }
    case "array": {
      const items = listOf(value);
      if (items?.length !== shape.count) throw refuse(`given ${describe(value)}`);
      for (let index = 0; index < shape.count; index++) {
        put(view, at + index * shape.stride, `${what}[${index}]`, shape.item, items[index]!);
      }
      return;
    }
    case "struct": {
      if (typeof value !== "object" || value === null || listOf(value))
        throw refuse(`given ${describe(value)}`);
      const given = value as Record<string, UniformValue>;
      const names = shape.members.map(({ name }) => name);
      const unknown = Object.keys(given).find((name) => !names.includes(name));
      if (unknown !== undefined) throw refuse(`which has no member ${unknown}, but ${names.join(", ")}`);
      for (const { name, offset, shape: member } of shape.members) {
        if (given[name] === undefined) throw refuse(`whose member ${name} is missing`);
        put(view, at + offset, `${what}.${name}`, member, given[name]);
      }
    }
  }
}

const ranges: Record<"i32" | "u32", [number, number]> = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
};

function putScalar(
  view: DataView,
  at: number,
  scalar: ScalarName,
  value: number,
  refuse: (why: string) => Error,
): void {
  if (scalar === "f16" || scalar === "bool") throw refuse("which a uniform can't be given");
  if (scalar === "f32") {
    view.setFloat32(at, value, true);
    return;
  }
  const [least, most] = ranges[scalar];
  if (!Number.isInteger(value) || value < least || value > most) throw refuse(`given ${value}`);
  view.setUint32(at, value >>> 0, true);
}

const listOf = (value: UniformValue | undefined): ArrayLike<UniformValue> | undefined =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
    ? (value as ArrayLike<UniformValue>)
    : undefined;

function describe(value: UniformValue | undefined): string {
  const list = listOf(value);
  if (list !== undefined) return `${list.length} values`;
  return typeof value === "object" ? "an object" : String(value);
}
