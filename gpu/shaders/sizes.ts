import { InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import type { BufferSource } from "../programs/task.ts";

/** How many words a buffer has. */
export function wordsOf(source: BufferSource): number {
  return ("copyOf" in source ? source.copyOf.byteLength : source.byteLength) / 4;
}

/** @throws InvalidTaskError that names the binding */
export function checkWords(name: string, source: BufferSource, words: number): void {
  const given = wordsOf(source);
  if (given === words) return;
  throw new InvalidTaskError(`${name} has ${given} values, and ${words} are needed`, {
    data: { binding: name },
  });
}

/** @throws InvalidTaskError that names the size */
export function checkSize(name: string, size: number, least = 0): void {
  if (Number.isInteger(size) && size >= least) return;
  throw new InvalidTaskError(`${name} is a whole number from ${least} on, not ${size}`, {
    data: { name },
  });
}

/**
 * How many rows of so many columns there are in a buffer.
 * @throws InvalidTaskError that names the binding
 */
export function rowsOf(name: string, source: BufferSource, columns: number): number {
  checkSize("columns", columns);
  const given = wordsOf(source);
  if (columns === 0 ? given === 0 : given % columns === 0) return columns === 0 ? 0 : given / columns;
  throw new InvalidTaskError(`${name} has ${given} values, and rows of ${columns} are needed`, {
    data: { binding: name },
  });
}

/** A new buffer of so many values of four bytes. */
export const words = (count: number): { byteLength: number } => ({ byteLength: count * 4 });

/** Of the shaders in which each invocation goes on by as many as there are invocations, until nothing is left. */
const invocationsPerGroup = 64;
const mostGroups = 4_096;

export const groupsFor = (count: number): [number] => [
  Math.min(mostGroups, Math.ceil(count / invocationsPerGroup)),
];

/** Workgroups for so many columns and rows. */
export const grid = (columns: number, rows: number, tileX: number, tileY = tileX): [number, number] => [
  Math.ceil(columns / tileX),
  Math.ceil(rows / tileY),
];
