import { ProtocolError } from "../protocol/errors.ts";
import { tokenBytes } from "./tokens.ts";

// What goes over a direct connection, little-endian; docs/protocol.md, "Doors".

/** "wray", and the version of what follows. */
const magic = [0x77, 0x72, 0x61, 0x79, 1, 0, 0, 0];
const maskOffset = magic.length;
const tokenOffset = maskOffset + tokenBytes;
const summedOffset = tokenOffset + tokenBytes;
export const greetingBytes = summedOffset + 4;
export const requestBytes = 12;
export const headerBytes = 8;

/** The most that one request may ask for. */
export const maxChunkBytes = 16 * 1024 * 1024;
/** The most requests that may be unanswered at once. */
export const maxRequests = 8;

/** The first that is said: a token, and of how many bytes of each chunk the sum shall be. */
export type Greeting = { token: Uint8Array; summedBytes: number };
/** Asks for a part of the object. */
export type ChunkRequest = { offset: number; length: number };
/** Stands before a chunk. */
export type ChunkHeader = { length: number; sum: number };

/**
 * @param mask random bytes: a token comes from a peer, which could have any service of this machine dialled, and must
 * not choose what that is told
 */
export function encodeGreeting({ token, summedBytes }: Greeting, mask: Uint8Array): Uint8Array {
  const frame = new Uint8Array(greetingBytes);
  frame.set(magic);
  frame.set(mask, maskOffset);
  for (let index = 0; index < tokenBytes; index++) frame[tokenOffset + index] = token[index]! ^ mask[index]!;
  viewOf(frame).setUint32(summedOffset, summedBytes, true);
  return frame;
}

export function decodeGreeting(frame: Uint8Array): Greeting {
  if (magic.some((byte, index) => frame[index] !== byte))
    throw new ProtocolError("no greeting of this version");
  const mask = frame.subarray(maskOffset, tokenOffset);
  const token = frame.slice(tokenOffset, summedOffset).map((byte, index) => byte ^ mask[index]!);
  return { token, summedBytes: viewOf(frame).getUint32(summedOffset, true) };
}

export function encodeRequests(requests: readonly ChunkRequest[]): Uint8Array {
  const frames = new Uint8Array(requests.length * requestBytes);
  const view = viewOf(frames);
  for (const [index, { offset, length }] of requests.entries()) {
    view.setBigUint64(index * requestBytes, BigInt(offset), true);
    view.setUint32(index * requestBytes + 8, length, true);
  }
  return frames;
}

/** @throws ProtocolError for what is not inside an object of `objectBytes`, or too much, or nothing */
export function decodeRequest(frame: Uint8Array, objectBytes: number): ChunkRequest {
  const view = viewOf(frame);
  const offset = Number(view.getBigUint64(0, true));
  const length = view.getUint32(8, true);
  if (length >= 1 && length <= maxChunkBytes && offset + length <= objectBytes) return { offset, length };
  throw new ProtocolError(`no chunk of ${length} bytes at ${offset} in ${objectBytes}`);
}

export function encodeHeader({ length, sum }: ChunkHeader): Uint8Array {
  const frame = new Uint8Array(headerBytes);
  const view = viewOf(frame);
  view.setUint32(0, length, true);
  view.setUint32(4, sum, true);
  return frame;
}

export function decodeHeader(frame: Uint8Array): ChunkHeader {
  const view = viewOf(frame);
  return { length: view.getUint32(0, true), sum: view.getUint32(4, true) };
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength);
