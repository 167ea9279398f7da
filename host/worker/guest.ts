import { TaskError } from "../../scheduler/protocol/errors.ts";
import type { Runtime } from "./values.ts";

/** An instance as the functions that it imports see it. */
export type Guest = {
  readonly memory: WebAssembly.Memory | undefined;
  /** Undefined while it starts. */
  runtime: Runtime | undefined;
  /** Its start asked the host for something, so that what it holds may belong to one task. */
  isTaskBound: boolean;
};

/** How much of a text is read, in UTF-16 units: no message to a person is longer. */
const longestText = 1024 * 1024;

/** A string of AssemblyScript at this address: UTF-16 units, with their length in bytes before them. 0 is none. */
export function readText({ memory }: Guest, address: number): string {
  if (memory === undefined || address === 0) return "";
  const start = address >>> 0;
  const bytes = memory.buffer.byteLength;
  if (start % 2 !== 0 || start < 4 || start > bytes) throw brokenAddress(address);
  const length = Math.min(new DataView(memory.buffer).getUint32(start - 4, true) >>> 1, longestText);
  if (start + length * 2 > bytes) throw brokenAddress(address);
  // A copy, because the memory may be shared and then no decoder takes it.
  const units = new Uint16Array(memory.buffer, start, length).slice();
  let text = "";
  for (let from = 0; from < length; from += 8_192) {
    text += String.fromCharCode(...units.subarray(from, from + 8_192));
  }
  return text;
}

/** So many 32-bit integers at this address, as a view of the memory. */
export function integersAt({ memory }: Guest, address: number, count: number): Int32Array {
  const start = address >>> 0;
  if (memory === undefined || start % 4 !== 0 || start + count * 4 > memory.buffer.byteLength) {
    throw brokenAddress(address);
  }
  return new Int32Array(memory.buffer, start, count);
}

const brokenAddress = (address: number) =>
  new TaskError(`the kernel gave the host the address ${address}, where nothing of the kind can be`, {
    remedy: "Call the host through wray/kernels/sdk.",
  });
