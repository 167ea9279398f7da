import type { Client, Module, ObjectRef, TaskOptions } from "wray";
import { assert } from "../support/index.ts";

/** Sizes in bytes of what tasks hand on: inside a message, and from host to host in one chunk or several. */
const sizes = [10, 5_000, 50_000, 600_000];

export type Job = {
  refs: ObjectRef[];
  /** Waits for every result and compares it with what is right. */
  check(): Promise<void>;
};

/**
 * Submits pairs of tasks, of which one makes bytes and the other takes them, and tasks that all take one large object.
 * @param pairCount how many of each
 */
export function startJob(wray: Client, probe: Module, pairCount: number, options: TaskOptions = {}): Job {
  const [bytes, checksum] = ["bytes", "checksum"].map((name) => probe.kernel(name).options(options)) as [
    ReturnType<Module["kernel"]>,
    ReturnType<Module["kernel"]>,
  ];
  const shared = wray.put(bytesOf(400_000, 1));
  const sharedSum = checksumOf(bytesOf(400_000, 1));
  const refs: ObjectRef[] = [];
  const expected: number[] = [];
  for (let seed = 0; seed < pairCount; seed++) {
    const size = sizes[seed % sizes.length]!;
    refs.push(checksum.remote(bytes.remote(size, seed)), checksum.remote(shared));
    expected.push(checksumOf(bytesOf(size, seed)), sharedSum);
  }
  return {
    refs,
    async check() {
      assert.equal(await wray.get(refs), expected);
    },
  };
}

/** What the kernel `bytes` returns. */
export function bytesOf(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) bytes[index] = index * 31 + seed;
  return bytes;
}

/** What the kernel `checksum` returns. */
export function checksumOf(data: Uint8Array): number {
  let sum = 1;
  for (const byte of data) sum = (Math.imul(sum, 31) + byte) >>> 0;
  return sum;
}
