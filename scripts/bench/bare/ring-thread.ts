// The worker of a ring: it looks for tasks for a while, then sleeps until it is woken.
import { workerData } from "node:worker_threads";
import { type RingMemory, slotOf, words } from "./ring-memory.ts";

/**
 * Some 50 µs: it keeps awake between calls that follow each other. More would cost: on a busy machine, whom a worker has
 * just woken may get a core only when the worker sleeps, so who awaits a task waits for the end of its looking around.
 */
const spinCount = 3_000;
/** So many results are made known together at most, so that their reader need not wait for the last. */
const publishCount = 64;

export type RingThreadData = {
  ring: RingMemory;
  /** What runs, in a memory that is put back after every task; without it, two numbers are added. */
  scratch: WebAssembly.Module | undefined;
};

const { ring, scratch } = workerData as RingThreadData;
const { control, args, results } = ring;
const call = scratch === undefined ? (a: number, b: number) => a + b : resettingCall(scratch);

let done = 0;
while (true) {
  const submitted = nextSubmitted();
  while (done < submitted) {
    const end = Math.min(submitted, done + publishCount);
    for (; done < end; done++) {
      const slot = slotOf(done);
      results[slot] = call(args[2 * slot]!, args[2 * slot + 1]!);
    }
    Atomics.store(control, words.completed, done);
    if (Atomics.exchange(control, words.isAwaited, 0) === 1) Atomics.notify(control, words.completed);
  }
}

/** How many have been submitted, once there are more than are done. */
function nextSubmitted(): number {
  for (let spin = 0; spin < spinCount; spin++) {
    const submitted = Atomics.load(control, words.submitted);
    if (submitted !== done) return submitted;
  }
  Atomics.store(control, words.isAsleep, 1);
  Atomics.wait(control, words.submitted, done);
  Atomics.store(control, words.isAsleep, 0);
  return Atomics.load(control, words.submitted);
}

/** A call after which the whole memory and every global are as they were at first. */
function resettingCall(module: WebAssembly.Module): (a: number, b: number) => number {
  const { add, memory, count } = new WebAssembly.Instance(module).exports as {
    add: (a: number, b: number) => number;
    memory: WebAssembly.Memory;
    count: WebAssembly.Global<"i32">;
  };
  const bytes = new Uint8Array(memory.buffer);
  const firstCount = count.value;
  // What the module's own data fills; the rest is zero.
  const image = bytes.slice(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
  return (a, b) => {
    const sum = add(a, b);
    bytes.set(image);
    bytes.fill(0, image.length);
    count.value = firstCount;
    return sum;
  };
}
