import { baselines } from "../../scripts/simulate/baselines.ts";
import { simulate } from "../../scripts/simulate/cluster.ts";
import { Events } from "../../scripts/simulate/events.ts";
import { plot } from "../../scripts/simulate/plot.ts";
import { rowsOf } from "../../scripts/simulate/rows.ts";
import { studies } from "../../scripts/simulate/scenarios.ts";
import type { Scenario } from "../../scripts/simulate/workload.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("simulator");

const scenario = (more: Partial<Scenario> = {}): Scenario => ({
  ...{ hostCount: 60, slots: 4, load: 0.8, speeds: [1], clientCount: 0, withInput: 0, inputBytes: 0 },
  ...{ deaths: undefined, work: { forMs: 200, warmUpMs: 50 }, seed: 1 },
  ...more,
});

const p99 = ({ waitsMs }: ReturnType<typeof simulate>) => waitsMs[Math.floor(waitsMs.length * 0.99)]!;

test("Events happen in the order of their times, and of those at one time in the order told", () => {
  const events = new Events();
  const seen: number[] = [];
  for (const [index, ms] of [5, 1, 3, 1, 4, 1, 5, 9, 2, 6].entries())
    events.after(ms, () => seen.push(ms * 100 + index));
  events.runWhile(() => true);
  assert.equal(
    seen,
    [...seen].sort((one, other) => one - other),
  );
  assert.is(events.nowMs, 9);
});

test("the same seed gives the same simulation, and another one another", () => {
  const [one, again] = [simulate(scenario()), simulate(scenario())];
  assert.equal(one.waitsMs, again.waitsMs);
  assert.is.not(p99(simulate(scenario({ seed: 2 }))), p99(one));
});

test("wray waits less than a random host and late binding, for a few more messages than one a task", () => {
  const wray = simulate(scenario());
  for (const name of ["random host", "late binding, 2 probes"] as const)
    assert.ok(p99(wray) < p99(baselines[name](scenario())), name);
  const messages = Object.values(wray.messagesPerTask).reduce((sum, each) => sum + each, 0);
  assert.ok(messages < 2, `${messages}`);
});

test("every task is begun once and ends once, with equal and unequal hosts, inputs, and programs outside", () => {
  for (const more of [
    {},
    { speeds: [0.5, 1, 1.5] },
    { withInput: 0.5, inputBytes: 1e6 },
    { clientCount: 3 },
    { load: 0.95 },
  ] satisfies Partial<Scenario>[]) {
    const { submitted, begun, ended } = simulate(
      scenario({ ...more, hostCount: 12, work: { count: 2_000 } }),
    );
    assert.equal([submitted, begun, ended], [2_000, 2_000, 2_000], JSON.stringify(more));
  }
});

test("what dead hosts had runs elsewhere", () => {
  const { submitted, begun, ended } = simulate(
    scenario({
      ...{ hostCount: 12, clientCount: 2, work: { count: 3_000 } },
      deaths: { atMs: 20, part: 0.25 },
    }),
  );
  assert.is(ended, submitted);
  assert.ok(begun > submitted, `${begun}`);
});

test("each study has a table's rows and a picture", async () => {
  for (const study of studies(true)) {
    const rows = [...rowsOf(study)];
    assert.is(rows.length, (study.isOfWrayAlone ? 1 : 4) * study.scenarios.length);
    assert.match(await plot(study, rows), /^<svg [\s\S]*wray/);
  }
});
