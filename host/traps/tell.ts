import {
  fromWireError,
  type KernelFrame,
  longestText,
  type WireError,
} from "../../scheduler/protocol/errors.ts";
import type { Location } from "./locate.ts";

/** Characters of `data.stack` as JSON: all of `data` must stay below the limit of errors, or it is dropped. */
export const longestStack = 6_000;

/** Puts a place into an error: into its message, its `data`, and its `stack` in the form that V8 gives stacks. */
export function tellPlaces(error: WireError, { at, stack }: Location): WireError {
  const suffix = at === undefined ? "" : ` (at ${describe(at)})`;
  const message = cut(error.message, longestText - suffix.length) + suffix;
  const position = at?.file === undefined ? {} : { position: positionOf(at) };
  const title = `${fromWireError(error).name}: ${message}`;
  return {
    ...error,
    message,
    data: { ...error.data, ...position, stack: fitting(stack, longestStack, JSON.stringify) },
    stack: [cut(title, longestText), ...fitting(stack.map(line), longestText - title.length)].join("\n"),
  };
}

/** As many of the items as have at most so many characters together, the first ones. */
function fitting<T>(items: readonly T[], longest: number, textOf: (item: T) => string = String): T[] {
  let left = longest;
  const past = items.findIndex((item) => {
    left -= textOf(item).length + 1;
    return left < 0;
  });
  return past === -1 ? [...items] : items.slice(0, past);
}

const positionOf = ({ file, line, column }: KernelFrame) => `${file}:${line}:${column}`;

function describe(frame: KernelFrame): string {
  if (frame.file !== undefined) return positionOf(frame);
  return `offset 0x${frame.offset!.toString(16)} of ${frame.function}`;
}

function line(frame: KernelFrame): string {
  const place = frame.file === undefined ? `wasm:0x${frame.offset!.toString(16)}` : positionOf(frame);
  return frame.function === undefined ? `    at ${place}` : `    at ${frame.function} (${place})`;
}

const cut = (text: string, longest: number) => (text.length > longest ? `${text.slice(0, longest)}…` : text);
