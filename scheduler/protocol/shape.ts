import { ProtocolError } from "./errors.ts";
import { isName } from "./subjects.ts";

/**
 * Checks of data that came over the wire. `Shape<T>` returns its input as `T`, or throws a ProtocolError that names
 * the place, such as `packet.messages[3].task.id`.
 */
export type Shape<T> = (value: unknown, path: string) => T;
type ShapeOf<S> = S extends Shape<infer T> ? T : never;

const is =
  <T>(expected: string, test: (value: unknown) => value is T): Shape<T> =>
  (value, path) => {
    if (test(value)) return value;
    throw new ProtocolError(`${path} must be ${expected}, but is ${describe(value)}`, { data: { path } });
  };

export const text = is("a string", (value): value is string => typeof value === "string");
const short = is("at most 256 characters", (value): value is string => (value as string).length <= 256);
/** What a reply repeats: it must not make the reply too large for a message. */
export const shortText: Shape<string> = (value, path) => short(text(value, path), path);
/** What becomes part of a subject. */
export const name = is(
  "1 to 64 letters, digits, _ and -",
  (value): value is string => typeof value === "string" && isName(value),
);
export const count = is(
  "a whole number from 0",
  (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0,
);
export const countFrom1 = is(
  "a whole number from 1",
  (value): value is number => Number.isSafeInteger(value) && (value as number) >= 1,
);
export const flag = is("true or false", (value): value is boolean => typeof value === "boolean");
export const finite = is("a finite number", (value): value is number => Number.isFinite(value));
export const bytes = is("binary", (value): value is Uint8Array => value instanceof Uint8Array);
export const token = is(
  "16 bytes",
  (value): value is Uint8Array => value instanceof Uint8Array && value.byteLength === 16,
);
export const port = is(
  "a port",
  (value): value is number =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535,
);
export const record = is(
  "a map",
  (value): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value),
);
export const anything: Shape<unknown> = (value) => value;

export const oneOf = <const T extends string>(...options: T[]): Shape<T> =>
  is(`one of ${options.join(", ")}`, (value): value is T => options.includes(value as T));

export const exactly = <const T>(expected: T): Shape<T> =>
  is(JSON.stringify(expected), (value): value is T => value === expected);

export const list: Shape<unknown[]> = is("a list", (value): value is unknown[] => Array.isArray(value));

/** A list of such items. */
export const listOf =
  <T>(item: Shape<T>): Shape<T[]> =>
  (value, path) =>
    list(value, path).map((each, index) => item(each, `${path}[${index}]`));

/** A map with these fields; fields it does not name are dropped, so that a later version may add some. */
export const object =
  <R extends Record<string, Shape<unknown>>, O extends Record<string, Shape<unknown>>>(
    required: R,
    optional?: O,
  ): Shape<{ [K in keyof R]: ShapeOf<R[K]> } & { [K in keyof O]?: ShapeOf<O[K]> }> =>
  (value, path) => {
    const input = record(value, path);
    const output: Record<string, unknown> = {};
    for (const name in required) output[name] = required[name]!(input[name], `${path}.${name}`);
    for (const name in optional) {
      const field = input[name];
      if (field !== undefined && field !== null) output[name] = optional[name]!(field, `${path}.${name}`);
    }
    return output as never;
  };

/** A map whose `kind` says which of these it is. */
export const union =
  <V extends Record<string, Shape<unknown>>>(variants: V): Shape<ShapeOf<V[keyof V]>> =>
  (value, path) => {
    const { kind } = record(value, path);
    const variant = typeof kind === "string" && Object.hasOwn(variants, kind) ? variants[kind] : undefined;
    if (variant === undefined) {
      throw new ProtocolError(
        `${path}.kind must be one of ${Object.keys(variants).join(", ")}, but is ${describe(kind)}`,
        { data: { path } },
      );
    }
    return variant(value, path) as never;
  };

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  if (value instanceof Uint8Array) return "binary";
  if (typeof value === "object") return "a map";
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return `${typeof value} ${shown.slice(0, 40)}`;
}
