import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Client, ObjectRef } from "wray";
import type { Cluster } from "./cluster.ts";
import { rssBytesOf } from "./cpu.ts";
import { value } from "./figures.ts";
import { check } from "./measure.ts";
import type { Context, Figure } from "./suite.ts";

const fullCount = 1_000_000;
const quickCount = 1_000;
const sampleMs = 20;
const mebibyte = 1024 * 1024;

/** Many more tasks than hosts are given at once, all submitted before the first is done: what they take of memory. */
export async function* backlog({ isQuick }: Context, { wray, hosts }: Cluster): AsyncIterable<Figure> {
  const count = isQuick ? quickCount : fullCount;
  const name = `${count.toLocaleString("en")} queued`;
  const client = new Resident(process.pid);
  const host = new Resident(hosts[0]!.process.pid!);
  const add = await wray.remote("math/add");
  collectGarbage();
  await Promise.all([client.begin(), host.begin()]);

  const beforeBytes = process.memoryUsage().heapUsed;
  const startMs = performance.now();
  const refs = Array.from({ length: count }, (_, index) => add.remote(index, 1));
  const submittedMs = performance.now() - startMs;
  collectGarbage();
  const taskBytes = (process.memoryUsage().heapUsed - beforeBytes) / count;
  const drainMs = performance.now();
  await checkSums(wray, refs);
  const rate = count / ((performance.now() - drainMs) / 1_000);
  refs.length = 0;
  collectGarbage();

  yield value(`${name}, each with its ref`, "bytes", count, [taskBytes]);
  yield value(`${name}, submit of one`, "µs", count, [(submittedMs * 1_000) / count]);
  yield value(`${name}, drained`, "1/s", count, [rate]);
  yield* client.figures(`${name}, client`, await client.end());
  yield* host.figures(`${name}, host`, await host.end());
}

async function checkSums(wray: Client, refs: readonly ObjectRef<number>[]): Promise<void> {
  for (const [index, sum] of (await wray.get(refs)).entries()) check("math/add", sum, index + 1);
}

type Residence = { before: number; peak: number; after: number };

/** What a process has of memory, over a while. */
class Resident {
  readonly #pid: number;
  #before = 0;
  #peak = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(pid: number) {
    this.#pid = pid;
  }

  async begin(): Promise<void> {
    this.#before = await rssBytesOf(this.#pid);
    this.#timer = setInterval(() => void this.#sample(), sampleMs);
  }

  async end(): Promise<Residence> {
    clearInterval(this.#timer);
    // The last sample is the only one when all was done before the timer's first.
    const after = await this.#sample();
    return { before: this.#before, peak: Math.max(this.#before, this.#peak), after };
  }

  *figures(name: string, residence: Residence): Iterable<Figure> {
    for (const [when, bytes] of Object.entries(residence))
      yield value(`${name}, RSS ${when}`, "MiB", 1, [bytes / mebibyte]);
  }

  async #sample(): Promise<number> {
    const bytes = await rssBytesOf(this.#pid);
    this.#peak = Math.max(this.#peak, bytes);
    return bytes;
  }
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
