import { ProtocolError } from "../protocol/errors.ts";
import { decodeValue, encodeValue } from "../protocol/value.ts";

/**
 * What an actor has become since a checkpoint, by the encoded values of both: the next one is made of new bytes and of runs of
 * the one before. It is an encoded value itself, by which it is told from a whole checkpoint, which is bytes.
 */
export type Delta = {
  /** The checkpoint that it goes on from. */
  base: string;
  /** Three numbers each: so many of the new bytes, and then, from there in the one before, so many. The rest is new. */
  runs: Float64Array;
  /** The new bytes. */
  bytes: Uint8Array;
};

export const encodeDelta = ({ base, runs, bytes }: Delta): Uint8Array => encodeValue({ base, runs, bytes });

/**
 * What a host has told of an actor; undefined when that is all of it.
 * @throws ProtocolError when it is neither
 */
export function decodeDelta(encoded: Uint8Array): Delta | undefined {
  const value = decodeValue(encoded);
  if (value instanceof Uint8Array) return undefined;
  const { base, runs, bytes } = (value ?? {}) as Partial<Delta>;
  if (typeof base !== "string" || !(runs instanceof Float64Array) || !(bytes instanceof Uint8Array))
    throw broken("it is no checkpoint of an actor, and no change of one");
  return { base, runs, bytes };
}

/**
 * The next encoded checkpoint.
 * @throws ProtocolError when the delta is none of the one before
 */
export function patch(before: Uint8Array, { runs, bytes }: Delta): Uint8Array<ArrayBuffer> {
  let byteLength = bytes.byteLength;
  let newCount = 0;
  for (let nth = 0; nth < runs.length; nth += 3) {
    const [added, from, count] = [runs[nth]!, runs[nth + 1]!, runs[nth + 2]!];
    if (![added, from, count].every(isCount) || from + count > before.byteLength)
      throw broken("it takes what is not there");
    newCount += added;
    byteLength += count;
  }
  if (newCount > bytes.byteLength) throw broken("it has fewer new bytes than it says");
  const after = new Uint8Array(byteLength);
  let [at, taken] = [0, 0];
  for (let nth = 0; nth < runs.length; nth += 3) {
    const [added, from, count] = [runs[nth]!, runs[nth + 1]!, runs[nth + 2]!];
    after.set(bytes.subarray(taken, taken + added), at);
    after.set(before.subarray(from, from + count), at + added);
    taken += added;
    at += added + count;
  }
  after.set(bytes.subarray(taken), at);
  return after;
}

const isCount = (number: number | undefined) => Number.isSafeInteger(number) && number! >= 0;

const broken = (why: string) => new ProtocolError(`malformed checkpoint: ${why}`);
