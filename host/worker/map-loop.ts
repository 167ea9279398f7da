import { arrayOf } from "../../scheduler/protocol/array-of.ts";
import type { ScalarType } from "../../scheduler/protocol/manifest.ts";
import { oneNaN } from "../../scheduler/protocol/value-format.ts";
import type { Kernel } from "./instance.ts";
import type { Meter } from "./meter.ts";

/**
 * A typed array, as if it were of numbers: those of bigints are read and written in the same way. What belongs together
 * is of one kind, since it has been checked against the types of a kernel.
 */
export type Elements = {
  [index: number]: number;
  readonly length: number;
  subarray(start: number, end: number): Elements;
};

/** So many calls run before it is looked whether they are to end. */
const callsPerLook = 64;

/** What the calls of a map have in common, as an array of one. */
export function constantColumn(type: ScalarType, value: number | bigint | boolean): Elements {
  const column = new globalThis[arrayOf(type)](1) as unknown as Elements;
  column[0] = typeof value === "boolean" ? Number(value) : (value as number);
  return column;
}

/** The elements of an array that fits a type, as a function takes them. */
export function columnOf(type: ScalarType, elements: Elements): Elements {
  if (type === "bool") return mapped(elements, (element) => Number(element !== 0));
  if (type !== "f32" && type !== "f64") return elements;
  for (let index = 0; index < elements.length; index++) {
    if (Number.isNaN(elements[index])) return mapped(elements, oneNaN);
  }
  return elements;
}

const mapped = (elements: Elements, of: (element: number) => number): Elements =>
  (elements as unknown as Float64Array).map(of) as unknown as Elements;

/** Where the loop is: the call of this index is the one that runs. */
export type Position = { index: number };

/**
 * Calls a function that leaves nothing behind for each element from a position on. It has returned something of the right
 * kind before.
 * @throws what the function throws, at the position that it had come to; why it is to end, when it is to end
 */
export function mapStateless(
  run: Kernel["run"],
  returns: ScalarType,
  columns: readonly Elements[],
  results: Elements,
  position: Position,
  meter: Meter,
): void {
  // What is returned for a bool may be any number.
  const raw = returns === "bool" ? (new Int32Array(results.length) as unknown as Elements) : results;
  const first = position.index;
  while (position.index < results.length) {
    if (meter.isStopped) throw meter.stopped;
    const end = Math.min(results.length, position.index + callsPerLook);
    runBlock(run as NumberFunction, columns, raw, position, end, meter);
  }
  if (returns !== "bool") return;
  for (let index = first; index < results.length; index++) results[index] = Number(raw[index] !== 0);
}

type NumberFunction = (...args: number[]) => number;

function runBlock(
  run: NumberFunction,
  columns: readonly Elements[],
  results: Elements,
  position: Position,
  end: number,
  meter: Meter,
): void {
  const [a, b, c] = columns;
  // What is the same for all calls is always at 0.
  const [inA, inB, inC] = [maskOf(a), maskOf(b), maskOf(c)];
  switch (columns.length) {
    case 1:
      for (let index = position.index; index < end; position.index = ++index) {
        meter.restart();
        results[index] = run(a![index & inA]!);
      }
      return;
    case 2:
      for (let index = position.index; index < end; position.index = ++index) {
        meter.restart();
        results[index] = run(a![index & inA]!, b![index & inB]!);
      }
      return;
    case 3:
      for (let index = position.index; index < end; position.index = ++index) {
        meter.restart();
        results[index] = run(a![index & inA]!, b![index & inB]!, c![index & inC]!);
      }
      return;
    default:
      for (let index = position.index; index < end; position.index = ++index) {
        meter.restart();
        results[index] = run(...columns.map((column) => column[index & maskOf(column)]!));
      }
  }
}

const maskOf = (column: Elements | undefined): number => (column?.length === 1 ? 0 : -1);

/** Gives all results that are not numbers the bits of the one NaN. */
export function oneNaNIn(returns: ScalarType, results: Elements): void {
  if (returns !== "f32" && returns !== "f64") return;
  for (let index = 0; index < results.length; index++) {
    if (Number.isNaN(results[index])) results[index] = Number.NaN;
  }
}
