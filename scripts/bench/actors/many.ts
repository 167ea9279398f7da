import type { Client } from "wray";
import { barred } from "../bar.ts";
import type { Cluster } from "../cluster.ts";
import { rssBytesOf } from "../cpu.ts";
import { value, values } from "../figures.ts";
import { byTurns, check, elapsedMs } from "../measure.ts";
import { readShipped } from "../shipped.ts";
import type { Context, Figure } from "../suite.ts";

const full = { turnCount: 5, count: 1_000, aliveCount: 10_000 };
const quick = { turnCount: 2, count: 20, aliveCount: 50 };

const mebibyte = 1024 ** 2;

/** Actors made in a second, each until its first call is answered, beside bare instances of the same module. */
export async function* creating({ isQuick }: Context, wray: Client): AsyncIterable<Figure> {
  const { turnCount, count } = isQuick ? quick : full;
  const ours = async () => perSecond(count, await elapsedMs(() => makeAndEnd(wray, count)));
  const module = await WebAssembly.compile(await readShipped("actors"));
  const bare = async () => perSecond(count, await elapsedMs(async () => makeInstances(module, count)));
  await bare();
  await ours();
  const compared = await byTurns(turnCount, ours, { name: "new WebAssembly.Instance", measure: bare });
  const figure = values("actors made, embedded", "1/s", turnCount * count, compared);
  yield barred(figure, { of: "value", atLeast: 2_000 });
}

/** Actors of one host process that are alive at once: how fast they come, and what they take of its memory. */
export async function* living({ isQuick }: Context, { wray, hosts }: Cluster): AsyncIterable<Figure> {
  const { aliveCount } = isQuick ? quick : full;
  const { pid } = hosts[0]!.process;
  const beforeBytes = await rssBytesOf(pid!);
  const counters: Awaited<ReturnType<typeof make>> = [];
  const ms = await elapsedMs(async () => {
    counters.push(...(await make(wray, aliveCount)));
  });
  const count = aliveCount.toLocaleString("en");
  const rate = value("actors made, NATS", "1/s", aliveCount, [perSecond(aliveCount, ms)]);
  yield barred(rate, { of: "value", atLeast: 2_000 });
  const afterBytes = await rssBytesOf(pid!);
  const memory = value(`host with ${count} actors`, "MiB", aliveCount, [afterBytes / mebibyte]);
  yield barred(memory, { of: "value", atMost: 1_024 });
  const each = (afterBytes - beforeBytes) / aliveCount / 1024;
  yield value("of its memory, for each actor", "KiB", aliveCount, [each]);
  for (const counter of counters) wray.kill(counter);
}

async function makeAndEnd(wray: Client, count: number): Promise<void> {
  for (const counter of await make(wray, count)) wray.kill(counter);
}

/** So many counters, each of which has answered. */
async function make(wray: Client, count: number) {
  const Counter = await wray.actor("actors/Counter");
  const counters = Array.from({ length: count }, (_, index) => Counter.remote(index));
  const sums = await wray.get(counters.map((counter) => counter.incr.remote(1)));
  for (const [index, sum] of sums.entries()) check("a counter", sum, index + 1);
  return counters;
}

/** Each counts once, and is kept until all are there. */
function makeInstances(module: WebAssembly.Module, count: number): void {
  const instances: WebAssembly.Instance[] = [];
  for (let index = 0; index < count; index++) {
    const instance = new WebAssembly.Instance(module, { env: { abort() {} } });
    const exports = instance.exports as Record<string, (...args: number[]) => number>;
    // Of optional ones.
    exports.__setArgumentsLength!(1);
    exports.Counter$new!(index);
    check("an instance", exports.Counter$incr!(1), index + 1);
    instances.push(instance);
  }
}

const perSecond = (count: number, ms: number) => count / (ms / 1_000);
