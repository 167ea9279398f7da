import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { barred, barText } from "../../scripts/bench/bar.ts";
import { value } from "../../scripts/bench/figures.ts";
import type { Head } from "../../scripts/bench/head.ts";
import { median, percentile } from "../../scripts/bench/percentile.ts";
import type { Row } from "../../scripts/bench/suite.ts";
import { assert, suite, type TestContext } from "../support/index.ts";
import { startProcessGroup } from "../support/process-group.ts";

const test = suite("bench");

test("percentile() interpolates between the two samples next to its place", () => {
  const samples = [40, 10, 30, 20];
  assert.is(percentile(samples, 0), 10);
  assert.is(percentile(samples, 50), 25);
  assert.is(percentile(samples, 90), 37);
  assert.is(percentile(samples, 100), 40);
  assert.equal(samples, [40, 10, 30, 20]);
});

test("percentile() sorts numbers as numbers", () => {
  assert.is(median([100, 9, 20]), 20);
});

test("percentile() gives the only sample for every percentage", () => {
  assert.equal(
    [0, 50, 99, 100].map((percent) => percentile([7], percent)),
    [7, 7, 7, 7],
  );
});

test("percentile() throws when there are no samples or the percentage is out of range", () => {
  assert.throws(() => percentile([], 50), /no samples/);
  assert.throws(() => percentile([1], 101), /0 to 100/);
  assert.throws(() => percentile([1], Number.NaN), /0 to 100/);
});

test("barText() tells whether a figure reaches its bar, and takes one that was not measured for one that does not", () => {
  const us = value("submit", "µs", 1, [3]);
  assert.is(barText(us), "");
  assert.is(barText(barred(us, { of: "value", atMost: 3 })), "≤ 3 µs ✓");
  assert.is(barText(barred(us, { of: "value", atMost: 2.5 })), "≤ 2.5 µs ✗");
  assert.is(barText(barred({ ...us, ratio: 12 }, { of: "ratio", atLeast: 10 })), "≥ 10× ✓");
  const rate = value("map", "1/s", 1, [999_999]);
  assert.is(barText(barred(rate, { of: "value", atLeast: 1_000_000 })), "≥ 1,000,000 1/s ✗");
  assert.is(barText(barred({ ...us, value: null }, { of: "value", atMost: 1 })), "≤ 1 µs ✗");
});

test("bench writes a head and rows of one shape when it is given --json", async (t) => {
  const bench = await startBench(t, ["throughput", "roundtrip", "--quick", "--json", "figures.json"]);
  assert.is(await bench.ended, 0, bench.text());
  const { head, rows }: { head: Head; rows: Row[] } = JSON.parse(await readFile(bench.json, "utf8"));

  assert.ok(Math.abs(Date.parse(head.date) - Date.now()) < 60_000);
  assert.ok(head.machine.cpu !== "" && head.machine.cores > 0 && head.machine.memoryBytes > 0);
  assert.is(head.load.length, 3);
  for (const version of Object.values(head.versions)) assert.match(version, /\d+\.\d+/);
  assert.equal(Object.keys(head.versions), ["node", "wray", "natsServer", "natsClient", "os"]);
  assert.is(head.isQuick, true);

  const fields = ["suite", "name", "unit", "p50", "p99", "value"];
  fields.push("baseline", "baselineValue", "ratio", "bar", "n");
  for (const row of rows) {
    assert.equal(Object.keys(row).sort(), fields.toSorted());
    // So few tasks may take less of the processor, and of memory, than can be told.
    const isTold = row.unit === "cpu µs" || row.unit === "bytes" || isFigure(row.p50 ?? row.value);
    assert.ok(isTold && isFigure(row.n), JSON.stringify(row));
    assert.is(row.p50 === null, row.p99 === null);
    const isCompared = row.baseline !== null;
    for (const figure of [row.baselineValue, row.ratio]) assert.is(isFigure(figure), isCompared);
  }
  assert.equal([...new Set(rows.map((row) => row.suite))], ["roundtrip", "throughput"]);
  for (const [where, units] of [
    // Round trips, tasks, and streams of two widths.
    ["embedded", ["µs", "1/s", "1/s", "1/s"]],
    // With one host, and tasks with three.
    ["NATS", ["µs", "1/s", "1/s", "1/s", "1/s"]],
  ] as const) {
    const compared = rows.filter(({ name, baseline }) => name.includes(where) && baseline !== null);
    assert.equal(
      compared.map(({ unit }) => unit),
      units,
    );
  }
  assert.equal(await bench.leftovers(), ["figures.json"]);
});

test("bench sandbox measures resets, checks, rewriting and deadlines, each beside its baseline", async (t) => {
  const bench = await startBench(t, ["sandbox", "--quick", "--json", "figures.json"]);
  assert.is(await bench.ended, 0, bench.text());
  const { rows }: { rows: Row[] } = JSON.parse(await readFile(bench.json, "utf8"));
  for (const [start, count] of [
    ["reset after arguments of", 3],
    ["another instance after growing", 1],
    ["linalg/matmul", 1],
    ["physics/nbody", 1],
    ["fib(25), recursive", 1],
    ["a loop that only counts", 1],
    ["prepareModule", 1],
    ["deadline to end of an endless loop", 2],
  ] as const) {
    const compared = rows.filter(({ name, ratio }) => name.startsWith(start) && isFigure(ratio));
    assert.is(compared.length, count, start);
  }
});

test(
  "bench local objects measures all that there is a bar for",
  async (t) => {
    const bench = await startBench(t, ["local", "objects", "--quick", "--json", "figures.json"]);
    assert.is(await bench.ended, 0, bench.text());
    const { rows }: { rows: Row[] } = JSON.parse(await readFile(bench.json, "utf8"));
    const workerCounts = new Set([1, availableParallelism()]).size;
    for (const [start, count] of [
      ["task, blocking", workerCounts],
      ["task, awaited,", workerCounts],
      ["task, awaited when idle", workerCounts],
      ["submit alone", workerCounts],
      ["tasks, ", 2 * workerCounts],
      ["tasks that leave something", workerCounts],
      ["map", workerCounts],
      ["a link of", workerCounts],
      ["task of 10 µs beside", 1],
      ["wait for one", workerCounts],
      ["idle", 2],
      ["put and get of a number", 1],
      ["put and ", 2],
      ["put of", 2],
      ["get of ", 3],
    ] as const) {
      assert.is(rows.filter(({ name }) => name.startsWith(start)).length, count, start);
    }
    for (const { name, unit, p50, value, ...row } of rows) {
      // Who does nothing may have had nothing of the processor.
      const least = unit === "% of a core" ? -1 : 0;
      if (!name.endsWith("not there yet")) assert.ok((p50 ?? value ?? -1) > least, name);
      assert.is(isFigure(row.ratio), row.baseline !== null, name);
    }
    assert.equal(
      [...new Set(rows.filter(({ bar }) => bar !== null).map(({ suite }) => suite))],
      ["local", "objects"],
    );
  },
  { timeoutMs: 120_000 },
);

test(
  "bench actors measures calls, many actors, and turns by the size of their state",
  async (t) => {
    const bench = await startBench(t, ["actors", "--quick", "--json", "figures.json"]);
    assert.is(await bench.ended, 0, bench.text());
    const { rows }: { rows: Row[] } = JSON.parse(await readFile(bench.json, "utf8"));
    assert.equal(
      rows.filter(({ bar }) => bar !== null).map(({ name }) => name),
      [
        ...["actor calls, embedded", "actor call, awaited, embedded", "actors made, embedded"],
        ...["actors made, NATS", "host with 50 actors", "actor calls, NATS", "actor call, awaited, NATS"],
        "pause of a move, 1 MiB",
      ],
    );
    const sizes = rows.filter(({ name }) => name.startsWith("turn "));
    assert.is(sizes.length, 6);
    for (const { name, p50, value, ratio, baseline } of rows) {
      // So few actors may take no more memory than there was.
      if (name !== "of its memory, for each actor") assert.ok(isFigure(p50 ?? value), name);
      assert.is(isFigure(ratio), baseline !== null, name);
    }
  },
  { timeoutMs: 60_000 },
);

test("bench serving measures decisions one by one and many at once, embedded and over NATS", async (t) => {
  const bench = await startBench(t, ["serving", "--quick", "--json", "figures.json"]);
  assert.is(await bench.ended, 0, bench.text());
  const { rows }: { rows: Row[] } = JSON.parse(await readFile(bench.json, "utf8"));
  const compared = rows.filter(({ ratio }) => isFigure(ratio));
  assert.equal(
    compared.map(({ name, unit, baseline }) => [name, unit, baseline]),
    [
      ["decision, embedded", "µs", "plain loop in this thread"],
      ["decisions, embedded", "1/s", "plain loop in this thread"],
      ["decision, NATS", "µs", "NATS request/reply"],
      ["decisions, NATS", "1/s", "NATS request/reply, own inbox"],
    ],
  );
  for (const { p50, p99, value } of rows)
    assert.ok(isFigure(p50 ?? value) && (p50 === null || isFigure(p99)));
});

test("bench transfer measures each way of an object beside a raw socket", async (t) => {
  const bench = await startBench(t, ["transfer", "--quick", "--json", "figures.json"]);
  assert.is(await bench.ended, 0, bench.text());
  const { rows }: { rows: Row[] } = JSON.parse(await readFile(bench.json, "utf8"));
  assert.equal(
    rows.filter(({ ratio }) => isFigure(ratio)).map(({ baseline }) => baseline),
    ["raw unix socket", "raw TCP socket", "raw unix socket", "each from the original"],
  );
});

test("bench collectives measures hosts and threads, beside OpenMPI where that is installed", async (t) => {
  const bench = await startBench(t, ["collectives", "--quick", "--json", "figures.json"]);
  assert.is(await bench.ended, 0, bench.text());
  const { rows }: { rows: Row[] } = JSON.parse(await readFile(bench.json, "utf8"));
  assert.equal(
    rows.map(({ name }) => name),
    ["1 KiB", "1 MiB"].flatMap((bytes) => [`${bytes}, 4 hosts`, `${bytes}, one process, 4 threads`]),
  );
  const isAbsent = bench.text().includes("collectives: no baseline, since ");
  for (const { value, baseline } of rows) {
    assert.ok(isFigure(value));
    assert.is(baseline, isAbsent ? null : "OpenMPI");
  }
});

test("bench kernels measures kernels beside JavaScript, and the steps of the walker", async (t) => {
  const bench = await startBench(t, ["kernels", "--quick", "--json", "figures.json"]);
  assert.is(await bench.ended, 0, bench.text());
  const { rows }: { rows: Row[] } = JSON.parse(await readFile(bench.json, "utf8"));
  assert.is(rows.filter(({ baseline, ratio }) => baseline === "JavaScript" && isFigure(ratio)).length, 13);
  assert.equal(
    rows.filter(({ bar }) => bar !== null).map(({ name, value }) => [name, isFigure(value)]),
    [["gym/rollout of the walker, steps", true]],
  );
});

test("bench learning measures rollouts, generations and ways to wait, each beside its baseline", async (t) => {
  const bench = await startBench(t, ["learning", "--quick", "--json", "figures.json"]);
  assert.is(await bench.ended, 0, bench.text());
  const { rows }: { rows: Row[] } = JSON.parse(await readFile(bench.json, "utf8"));
  const compared = rows.filter(({ ratio }) => isFigure(ratio));
  assert.equal(
    compared.map(({ name, baseline }) => [name, baseline]),
    [
      ["rollouts, 1 worker", "1 bare thread"],
      ["a rollout, 1 worker", "1 bare thread"],
      ["rollouts, 2 workers", "1 worker"],
      ["rollouts, 2 bare threads", "1 bare thread"],
      ["steps of learning, 1 worker", "no runtime, 1 thread"],
      ["steps of learning, 2 workers", "no runtime, 1 thread"],
      ...["overlap 2, 4 pairs", "quorum 0.75, 4 pairs", "barrier, 16 pairs", "overlap 2, 16 pairs"].flatMap(
        (way) => [`to a score of 3, ${way}`, `steps, ${way}`].map((name) => [name, "barrier, 4 pairs"]),
      ),
      ["computed for 8 workers, overlap 2, 4 pairs", "barrier, 4 pairs"],
    ],
  );
  assert.equal(
    rows.filter(({ bar }) => bar !== null).map(({ name }) => name),
    [
      ...["time outside of rollouts, 1 worker", "a rollout, 1 worker", "rollouts, 2 workers"],
      "to a score of 3, overlap 2, 4 pairs",
    ],
  );
  const steps = rows.filter(({ name, value }) => name.startsWith("steps to a score") && isFigure(value));
  assert.is(steps.length, 5);
});

test(
  "bench barrier compares both ways with one thread",
  async (t) => {
    const bench = await startBench(t, ["barrier", "--quick", "--json", "figures.json"]);
    assert.is(await bench.ended, 0, bench.text());
    const { rows }: { rows: Row[] } = JSON.parse(await readFile(bench.json, "utf8"));
    const compared = rows.filter(({ ratio }) => isFigure(ratio));
    assert.equal(
      compared.map(({ name, baseline }) => [name, baseline]),
      [2, 4].flatMap((count) => [
        [`steps, barriers, ${count} environments`, "one thread"],
        [`steps, no barrier, ${count} environments`, "one thread"],
      ]),
    );
    assert.is(rows.filter(({ bar }) => bar !== null).length, 2);
    for (const [start, count] of [
      ["8 steps, ", 5],
      ["workers in simulations, ", 4],
      ["processor for hosts, ", 4],
    ] as const) {
      const found = rows.filter(({ name, value }) => name.startsWith(start) && Number.isFinite(value));
      assert.is(found.length, count, start);
    }
  },
  { timeoutMs: 90_000 },
);

test("bench refuses an unknown suite and names those that there are", async (t) => {
  const bench = await startBench(t, ["roundtrip", "nonsense"]);
  assert.is(await bench.ended, 1);
  assert.match(
    bench.text(),
    /nonsense.*roundtrip, throughput, barrier, collectives, recovery, jobs, local, actors, serving, objects, tables, transfer, kernels, learning, gpu, sandbox, start/,
  );
});

test("bench leaves nothing behind when SIGINT comes while a host runs", async (t) => {
  const bench = await startBench(t, ["roundtrip"]);
  while (!bench.processes().some(({ command }) => command.includes("wray.mjs host"))) await delay(5);
  bench.interrupt();
  assert.is(await bench.ended, 130, bench.text());
  assert.equal(await bench.leftovers(), []);
});

const isFigure = (value: number | null) => value !== null && Number.isFinite(value) && value > 0;

/** Runs the bench in a process group of its own; `--json figures.json` is put into its temp folder. */
async function startBench(t: TestContext, args: string[]) {
  const place = (folder: string) => join(folder, "figures.json");
  const bench = await startProcessGroup(t, (folder) => [
    "build/scripts/bench/main.mjs",
    ...args.map((arg) => (arg === "figures.json" ? place(folder) : arg)),
  ]);
  let text = "";
  for (const stream of [bench.child.stdout, bench.child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  return {
    ...bench,
    json: place(bench.folder),
    text: () => text,
    /** As Ctrl-C in a terminal does. */
    interrupt: () => bench.signal("SIGINT"),
  };
}
