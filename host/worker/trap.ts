import { StackOverflowError, TaskError, WrayError } from "../../scheduler/protocol/errors.ts";
import { BrokenValue } from "./values.ts";

/** A place in a source as `abort` gets it: line and column from 1. */
export type SourcePlace = { file: string; line: number; column: number };

/** A WebAssembly frame: the index of its function, and the offset of its instruction in the binary, in bytes. */
export type RawFrame = [index: number, offset: number];

/** How a kernel failed, as V8 tells it. As `data.trap` of an error it goes to the host's main thread. */
export type RawTrap = {
  frames: RawFrame[];
  /** What the kernel itself said when it called `abort`. */
  abort?: SourcePlace;
  /** It ran out of stack. */
  isOverflow?: true;
};

/** Frames that a worker's errors keep. Recursion is told by fewer, and a message holds no more of them. */
export const mostFrames = 100;

/** V8's words for a stack that is used up, in a kernel as well as in a function that it has called. */
const overflowMessage = "Maximum call stack size exceeded";

/** Characters of what a module calls the name of its file; it may be any part of its memory. */
const longestFile = 400;

/** What a kernel's `abort` says: an assertion that failed, an error that was thrown. */
export class KernelAbort extends Error {
  readonly place: SourcePlace;

  constructor(message: string, file: string, line: number, column: number) {
    super(message);
    // WebAssembly gives them as signed.
    this.place = { file: file.slice(-longestFile), line: line >>> 0, column: column >>> 0 };
  }
}

/**
 * The error of a task whose kernel failed: by an abort, by a trap, or by running out of stack. What is an error of ours
 * already stays as it is. Its `data.trap` is a `RawTrap`, of which `Traps` of the host makes places in the source.
 */
export function taskError(kernel: string, error: unknown): WrayError {
  if (error instanceof WrayError) return error;
  const trap: RawTrap = { frames: rawFrames(error) };
  if (error instanceof BrokenValue) {
    return new TaskError(`${kernel} returned a broken value: ${error.message}`, {
      remedy: "Return only what was made by `new` or is an argument, and leave no hole in an array.",
      data: { kernel },
    });
  }
  if (error instanceof KernelAbort) {
    if (error.place.file !== "") trap.abort = error.place;
    return new TaskError(`${kernel}: ${error.message}`, { data: { kernel, trap } });
  }
  // Not any RangeError: others are faults in what the kernel has called.
  if (error instanceof RangeError && error.message === overflowMessage) {
    return new StackOverflowError(`${kernel}: out of stack: it recurses too deeply`, {
      remedy: "Use a loop, with a list of what is still to be done, in place of the recursion.",
      data: { kernel, trap: { ...trap, isOverflow: true } satisfies RawTrap },
    });
  }
  // V8's text of the stack tells of this thread, and nothing of the kernel that the frames do not tell.
  if (error instanceof WebAssembly.RuntimeError) error.stack = String(error);
  return new TaskError(`${kernel}: ${(error as Error).message}`, { data: { kernel, trap }, cause: error });
}

/**
 * The WebAssembly frames of an error, from the innermost outwards. It reads V8's list of them, not its text, because
 * the names of functions are the module's to choose and may look like more frames.
 */
export function rawFrames(error: unknown): RawFrame[] {
  return callSites(error).flatMap((site) => {
    const match = /:wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/.exec(String(site));
    return match === null ? [] : [[Number(match[1]), Number.parseInt(match[2]!, 16)] satisfies RawFrame];
  });
}

/** V8 asks `prepareStackTrace` when `stack` is read for the first time. */
function callSites(error: unknown): NodeJS.CallSite[] {
  const { prepareStackTrace } = Error;
  let sites: NodeJS.CallSite[] = [];
  Error.prepareStackTrace = (thrown, captured) => {
    sites = captured;
    return [String(thrown), ...captured].join("\n    at ");
  };
  try {
    void (error as Error | undefined)?.stack;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
  return sites;
}
