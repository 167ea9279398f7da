import {
  type ClassLayout,
  elementOf,
  isNullable,
  isScalarType,
  maxValueDepth,
  type Type,
  typeName,
  withoutNull,
} from "../protocol/manifest.ts";
import { Tensor } from "../protocol/tensor.ts";
import { describeType, describeValue } from "./describe.ts";
import { integerRanges } from "./integers.ts";

export type Classes = Readonly<Record<string, ClassLayout>>;

/** Why a value does not fit a type. */
export type Mismatch = {
  /** Where inside the value: `[3].x`, or empty for the value itself. */
  path: string;
  /** `must be f64 (a number), but is undefined` */
  what: string;
  /** The name of the type that is due there. */
  expected: string;
  /** What the user can do, when it is more than to call the kernel as it is written. */
  hint?: string;
};

/** The way to what is wrong would be as long as the value is deep. */
const longestPath = 100;

/**
 * The first thing that keeps a value from being of a type, or undefined when it fits. Only what an object has itself
 * counts, nothing inherited; a nullable field may be left out; a tensor stands for its data.
 */
export function findMismatch(type: Type, value: unknown, classes: Classes): Mismatch | undefined {
  const found = search(type, value, classes, 1);
  if (found !== undefined && found.path.length > longestPath) {
    return { ...found, path: `${found.path.slice(0, longestPath)}…` };
  }
  return found;
}

function search(type: Type, value: unknown, classes: Classes, depth: number): Mismatch | undefined {
  if (isNullable(type) && value === null) return undefined;
  const due = withoutNull(type);
  if (typeof due === "string") return fitsPlainType(due, value) ? undefined : isNot(type, value);
  const isObject = "object" in due;
  if (isObject ? !isPlainObject(value) : !Array.isArray(value)) return isNot(type, value);
  if (depth > maxValueDepth) {
    return {
      path: "",
      what: `lies deeper than ${maxValueDepth} levels`,
      expected: typeName(type),
      hint: "A value must not contain itself, and a long list is better an array.",
    };
  }
  if (isObject) return searchFields(due.object, value as Record<string, unknown>, classes, depth);
  return searchElements(elementOf(due), value as unknown[], classes, depth);
}

function searchElements(
  type: Type,
  values: unknown[],
  classes: Classes,
  depth: number,
): Mismatch | undefined {
  const isPlain = typeof type === "string";
  for (let index = 0; index < values.length; index++) {
    if (isPlain && fitsPlainType(type, values[index])) continue;
    const found = search(type, values[index], classes, depth + 1);
    if (found !== undefined) return { ...found, path: `[${index}]${found.path}` };
  }
  return undefined;
}

function searchFields(
  className: string,
  value: Record<string, unknown>,
  classes: Classes,
  depth: number,
): Mismatch | undefined {
  const { fields } = classes[className]!;
  let presentCount = 0;
  for (const { name } of fields) presentCount += Number(Object.hasOwn(value, name));
  // First, because a name that is mistyped is missing, too.
  const keys = Object.keys(value);
  if (keys.length > presentCount) {
    const unknown = keys.find((key) => !fields.some(({ name }) => name === key));
    if (unknown !== undefined) {
      const what = `has the field ${JSON.stringify(unknown.slice(0, 40))}, which ${className} has not`;
      return { path: "", what, expected: className, hint: describeClass(className, classes) };
    }
  }
  for (const { name, type } of fields) {
    const field = Object.hasOwn(value, name) ? value[name] : undefined;
    if (field === undefined && isNullable(type)) continue;
    const found = search(type, field, classes, depth + 1);
    if (found === undefined) continue;
    const hint = found.hint ?? describeClass(className, classes);
    return { ...found, path: `.${name}${found.path}`, hint };
  }
  return undefined;
}

const isNot = (type: Type, value: unknown): Mismatch => ({
  ...{ path: "", what: `must be ${describeType(type)}, but is ${describeValue(value)}` },
  expected: typeName(type),
  ...hintFor(type, value),
});

function hintFor(type: Type, value: unknown): { hint?: string } {
  const due = withoutNull(type);
  if (typeof due === "string") return {};
  if ("object" in due) {
    const isInstance = typeof value === "object" && value !== null && !Array.isArray(value);
    return isInstance && !ArrayBuffer.isView(value) ? { hint: "Copy it: { ...object }." } : {};
  }
  return ArrayBuffer.isView(value) ? { hint: "Make it an array by Array.from()." } : {};
}

const describeClass = (name: string, classes: Classes) =>
  `${name} is { ${classes[name]!.fields.map((field) => `${field.name}: ${typeName(field.type)}`).join(
    ", ",
  )} }.`;

/** An object that was written as `{ … }`: a class's own may do anything when it is read. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function fitsPlainType(type: Extract<Type, string>, value: unknown): boolean {
  if (type === "f32" || type === "f64") return typeof value === "number";
  if (type === "bool") return typeof value === "boolean";
  if (type === "string") return typeof value === "string";
  if (type === "void") return value === undefined;
  if (isScalarType(type)) {
    const [least, most] = integerRanges[type]!;
    if (typeof value !== typeof least) return false;
    const number = value as number | bigint;
    return number >= least && number <= most && (typeof number === "bigint" || Number.isInteger(number));
  }
  const Reference = globalThis[type] as new () => object;
  return value instanceof Reference || (value instanceof Tensor && value.data instanceof Reference);
}
