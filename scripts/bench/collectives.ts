import { type Client, init, type Module } from "wray";
import { startHost } from "../hosts.ts";
import { type Bar, barred } from "./bar.ts";
import { startClient, startServer } from "./cluster.ts";
import { findOpenMpi } from "./collectives/open-mpi.ts";
import { value, values } from "./figures.ts";
import type { Figure, Suite } from "./suite.ts";

const memberCount = 4;
const kib = 1024;
const mib = 1024 * kib;

/** Bytes of an array, and how many rounds take long enough for a clock of milliseconds. */
const full = {
  turnCount: 5,
  cases: [
    [kib, 2_000],
    [16 * kib, 1_000],
    [256 * kib, 300],
    [4 * mib, 30],
    [64 * mib, 4],
  ],
} as const;
const quick = {
  turnCount: 1,
  cases: [
    [kib, 10],
    [mib, 2],
  ],
} as const;

/** Of the longest arrays, where the bytes are what costs. */
const beside: Bar = { of: "ratio", atMost: 2 };
const oneProcess = `one process, ${memberCount} threads`;

export const collectives: Suite = {
  name: "collectives",
  description: `allReduce of f32 between ${memberCount} members of a gang on one machine`,

  async *run(context) {
    const { turnCount, cases } = context.isQuick ? quick : full;
    const servers = await startServer(context);
    for (let count = 0; count < memberCount; count++) {
      await context.start(
        () => startHost({ servers }),
        (host) => host.stop(),
      );
    }
    const cluster = await load(await startClient(context, servers));
    const embedded = await load(
      await context.start(
        () => init({ cpus: memberCount }),
        (wray) => wray.shutdown(),
      ),
    );
    const openMpi = await findOpenMpi(context);
    if (typeof openMpi === "string") console.error(`collectives: no baseline, since ${openMpi}`);
    const lengths = cases.map(([bytes, rounds]) => [bytes / 4, rounds] as const);
    const turns = { hosts: emptyTurns(cases), threads: emptyTurns(cases), mpi: emptyTurns(cases) };
    for (let turn = 0; turn < turnCount; turn++) {
      const ofMpi = typeof openMpi === "string" ? [] : await openMpi(memberCount, lengths);
      for (const [index, [length, rounds]] of lengths.entries()) {
        if (typeof openMpi !== "string") turns.mpi[index]!.push(ofMpi[index]!);
        turns.hosts[index]!.push(await cluster(length, rounds));
        turns.threads[index]!.push(await embedded(length, rounds));
      }
    }
    for (const [index, [bytes, rounds]] of cases.entries()) {
      const name = bytes < mib ? `${bytes / kib} KiB` : `${bytes / mib} MiB`;
      const figure = (where: string, ms: number[]): Figure => {
        const [unit, scale] = bytes < mib ? ["µs", 1_000] : ["ms", 1];
        const scaled = (given: number[]) => given.map((each) => each * scale);
        const n = turnCount * rounds;
        const baseline = { name: "OpenMPI", turns: scaled(turns.mpi[index]!) };
        if (baseline.turns.length === 0) return value(`${name}, ${where}`, unit, n, scaled(ms));
        return values(`${name}, ${where}`, unit, n, { turns: scaled(ms), baseline });
      };
      const between = figure(`${memberCount} hosts`, turns.hosts[index]!);
      yield bytes === 64 * mib && between.baseline !== null ? barred(between, beside) : between;
      yield figure(oneProcess, turns.threads[index]!);
    }
  },
};

const emptyTurns = (cases: readonly unknown[]): number[][] => cases.map(() => []);

/** Milliseconds of one allReduce, as the member sees it that takes longest. */
async function load(wray: Client): Promise<(length: number, rounds: number) => Promise<number>> {
  const module: Module = await wray.load("build/collective.wasm");
  const kernel = module.kernel("allReduceMs").options({ grant: ["clock"], memoryBytes: 512 * mib });
  return async (length, rounds) => {
    const calls = Array.from({ length: memberCount }, (): [number, number] => [length, rounds]);
    return Math.max(...((await wray.get(await kernel.gang(calls))) as number[]));
  };
}
