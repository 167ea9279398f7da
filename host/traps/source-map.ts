import { decode } from "@jridgewell/sourcemap-codec";
import type { SourcePlace } from "../worker/trap.ts";
import { cleanName, longestName } from "./clean-name.ts";

/** Offsets of instructions in a binary, in bytes: from `start` on, and before `end`. */
export type Range = { start: number; end: number };

/** How many segments away a place is near. It bounds what a function with a million segments costs for each frame. */
const farthest = 10_000;
/** Of each segment: its first offset, then file, line and column from 0; a file of −1 says that they are not known. */
const width = 4;

/** The standard library of AssemblyScript, and the packages that a kernel uses. */
export const isLibrary = (file: string): boolean => file.startsWith("~lib/");

/** A source map of a module: which instruction comes from which place. It comes from strangers and may say anything. */
export class SourceMap {
  readonly #files: string[];
  readonly #segments: Int32Array;

  private constructor(files: string[], segments: Int32Array) {
    this.#files = files;
    this.#segments = segments;
  }

  /** Reads JSON of version 3 (https://tc39.es/ecma426/); undefined when it is something else. */
  static parse(bytes: Uint8Array): SourceMap | undefined {
    try {
      const { sources, mappings } = JSON.parse(new TextDecoder().decode(bytes));
      // A binary is one line; more of them would only cost time.
      const [line = []] = decode(mappings.split(";", 1)[0]);
      const segments = new Int32Array(line.length * width);
      for (const [index, [offset, file = -1, row = 0, column = 0]] of line.entries()) {
        const isPlace = file >= 0 && file < sources.length && row >= 0 && column >= 0;
        segments.set([offset, isPlace ? file : -1, row, column], index * width);
      }
      return new SourceMap(
        sources.map((source: unknown) => cleanName(String(source))),
        segments,
      );
    } catch {
      return undefined;
    }
  }

  /** About what it takes in memory, in bytes. */
  get bytes(): number {
    return this.#segments.byteLength + this.#files.length * longestName;
  }

  /** The place that an instruction of a function comes from, if the map knows. */
  at(offset: number, { start }: Range): SourcePlace | undefined {
    const index = this.#before(offset);
    return index >= 0 && this.#offset(index) >= start ? this.#place(index) : undefined;
  }

  /**
   * The nearest place in the standard library, or the nearest one outside of it, for an instruction that comes from
   * nowhere or that the optimiser has put here from another function: the last one before it in its function, else the
   * first one after it.
   */
  near(offset: number, { start, end }: Range, inLibrary: boolean): SourcePlace | undefined {
    const here = this.#before(offset);
    const fits = (index: number) => {
      const file = this.#segments[index * width + 1]!;
      return file >= 0 && isLibrary(this.#files[file]!) === inLibrary;
    };
    const first = Math.max(0, here - farthest);
    for (let index = here; index >= first && this.#offset(index) >= start; index--) {
      if (fits(index)) return this.#place(index);
    }
    const last = Math.min(this.#count, here + farthest);
    for (let index = here + 1; index < last && this.#offset(index) < end; index++) {
      if (fits(index)) return this.#place(index);
    }
    return undefined;
  }

  get #count(): number {
    return this.#segments.length / width;
  }

  #offset(index: number): number {
    return this.#segments[index * width]!;
  }

  #place(index: number): SourcePlace | undefined {
    const [, file, line, column] = this.#segments.subarray(index * width, (index + 1) * width);
    return file === -1 ? undefined : { file: this.#files[file!]!, line: line! + 1, column: column! + 1 };
  }

  /** The last segment that begins at an offset or before, or −1. */
  #before(offset: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#offset(middle) <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
