import { inlineBytes } from "../../scheduler/protocol/messages.ts";
import { controlWords } from "./control.ts";

// What a host and its workers share, in one SharedArrayBuffer, as 32-bit words:
//
//     shared words                       16 words
//     for each worker   control          48 words, see host/ring/control.ts
//                       submissions      2 × 16 words of head and tail, then a ring of slot numbers
//                       completions      the same
//     slots             each as long as a value that travels inside messages, see host/ring/slot.ts
//
// Rings carry only the numbers of slots. The host alone takes slots and gives them back, so it needs no lock for that.

/** The most threads, with those that are blocked: each takes about 8 MB. */
export const mostWorkers = 256;
/** So many calls may be with the workers at once; more wait in the host. A power of two: each ring has room for all. */
export const slotCount = 4_096;

/** How many workers have rings that may hold something. */
export const workerCountWord = 0;
/** What the host does until the next completion, one of `hostState`. */
export const hostSleepsWord = 1;
export const hostState = {
  /** It looks by itself. */
  awake: 0,
  /** Its event loop waits for a message. */
  inLoop: 1,
  /** Its thread sleeps on this word. */
  blocked: 2,
} as const;

/** 1 when workers are to tell how long each call ran. */
export const timedWord = 2;

/** Heads and tails lie in cache lines of their own, so that their writers don't disturb each other. */
const lineWords = 16;
/**
 * A header, and room for a value of `inlineBytes` beside small ones and a seed. An odd number of cache lines, since the
 * headers of slots that are an even number apart would share few places in a cache. Memory that no call has needed costs
 * nothing.
 */
export const slotWords = (inlineBytes + 1_024) / 4 + lineWords;
const sharedWords = lineWords;
export const ringWords = 2 * lineWords + slotCount;
const workerWords = controlWords + 2 * ringWords;

export const controlAt = (worker: number) => sharedWords + worker * workerWords;
export const submissionsAt = (worker: number) => controlAt(worker) + controlWords;
export const completionsAt = (worker: number) => submissionsAt(worker) + ringWords;
export const slotAt = (slot: number) => sharedWords + mostWorkers * workerWords + slot * slotWords;

/** From the beginning of a ring. */
export const headOffset = 0;
export const tailOffset = lineWords;
export const entriesOffset = 2 * lineWords;

export const sharedBytes = 4 * slotAt(slotCount);

/** The views of what a host and its workers share. */
export type Shared = {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly floats: Float64Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
};

/** @param buffer of `sharedBytes`, all zero at first */
export const viewShared = (buffer: SharedArrayBuffer): Shared => ({
  buffer,
  words: new Int32Array(buffer),
  floats: new Float64Array(buffer),
  bytes: new Uint8Array(buffer),
});
