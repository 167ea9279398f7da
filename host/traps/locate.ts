import type { KernelFrame } from "../../scheduler/protocol/errors.ts";
import type { RawFrame, RawTrap, SourcePlace } from "../worker/trap.ts";
import { cleanName } from "./clean-name.ts";
import type { Functions } from "./functions.ts";
import { isLibrary, type SourceMap } from "./source-map.ts";

/** Whoever changes a binary before it is compiled tells from where in the module its instructions came. */
export type Translation = {
  /** Undefined for what the module does not have. */
  originalOffset(offset: number): number | undefined;
  originalFunctionIndex(index: number): number | undefined;
};

/** For a module that runs as it is. */
export const unchanged: Translation = {
  originalOffset: (offset) => offset,
  originalFunctionIndex: (index) => index,
};

/** What is known of a module whose kernel failed. */
export type ModuleFacts = { functions?: Functions | undefined; sourceMap?: SourceMap | undefined };

/** Where a kernel failed: the innermost frame that is the user's own, if any has a place, and all of them. */
export type Location = { at?: KernelFrame; stack: KernelFrame[] };

/**
 * Puts places in the source to the frames of a trap. An optimiser leaves gaps, which are filled as follows. A call of
 * `abort` itself has no place in the map, but says one. Code of the standard library that was put into a function of
 * the user becomes a frame of its own, without a name, inside that of the function; and this has the place nearest to
 * it that is not in the library. The same goes for code that has no place at all. What the optimiser has put into its
 * caller otherwise is told by its own place, under the caller's name.
 */
export function locate(
  { frames, abort: said, isOverflow }: RawTrap,
  facts: ModuleFacts,
  { originalOffset, originalFunctionIndex }: Translation = unchanged,
): Location {
  const abort = said && { ...said, file: cleanName(said.file) };
  const originals = frames.flatMap(([index, offset]): RawFrame[] => {
    const [originalIndex, place] = [originalFunctionIndex(index), originalOffset(offset)];
    return originalIndex === undefined || place === undefined ? [] : [[originalIndex, place]];
  });
  const located = originals.map((frame, depth) => unfold(frame, depth === 0 ? abort : undefined, facts));
  const stack = located.flat();
  if (located.length === 0 && abort !== undefined) stack.push(abort);
  // Where a recursion ran out of stack is chance; what repeats is what recurses.
  const from = isOverflow ? firstRepeated(originals) : 0;
  const at = ownFrame(located.slice(from).flat()) ?? ownFrame(stack) ?? stack[0];
  return at === undefined ? { stack } : { at, stack };
}

/** One frame, and before it the part of the standard library that was put into it. */
function unfold(
  [index, offset]: RawFrame,
  abort: SourcePlace | undefined,
  { functions, sourceMap }: ModuleFacts,
): KernelFrame[] {
  const known = functions?.nameOf(index);
  const name = { function: known?.name ?? `wasm-function[${index}]` };
  const range = functions?.rangeOf(index) ?? { start: 0, end: Number.POSITIVE_INFINITY };
  const place = abort ?? sourceMap?.at(offset, range);
  if (place !== undefined && !isLibrary(place.file)) return [{ ...name, ...place }];
  const isOfLibrary = known?.isLibrary === true;
  if (place !== undefined && isOfLibrary) return [{ ...name, ...place }];
  const near =
    (isOfLibrary ? undefined : sourceMap?.near(offset, range, false)) ??
    (place === undefined ? sourceMap?.near(offset, range, true) : undefined);
  const frame = { ...name, ...(near === undefined ? { offset } : { ...near, isNear: true as const }) };
  return place === undefined ? [frame] : [{ ...place }, frame];
}

const ownFrame = (frames: readonly KernelFrame[]) =>
  frames.find(({ file }) => file !== undefined && !isLibrary(file));

/** The index of the first frame that is there again further out, or 0. */
function firstRepeated(frames: readonly RawFrame[]): number {
  const keys = frames.map(String);
  return Math.max(
    0,
    keys.findIndex((key, index) => keys.includes(key, index + 1)),
  );
}
