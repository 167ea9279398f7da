import type { Attack } from "../../../host/attack/attack.ts";
import { plan } from "../../../host/attack/plan.ts";
import { failuresOf, type Report } from "../../../host/attack/report.ts";
import { randomOf } from "../../../host/worker/random.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("attack report");

const attack = (name: string, variant?: string): Attack => ({
  ...{ name, module: new Uint8Array(), kernel: "run", options: {}, expects: ["answer"] },
  ...(variant === undefined ? {} : { variant }),
});
const three = [attack("a"), attack("b", "1"), attack("b", "2"), attack("c")];
const namesOf = (attacks: Attack[]) => attacks.map(({ name }) => name);

test("plan() has each name once a round, and the variants by turns", () => {
  const planned = plan(three, 12, randomOf("seed"));
  for (let round = 0; round < 4; round++) {
    const names = namesOf(planned.slice(3 * round, 3 * round + 3));
    assert.equal(names.sort(), ["a", "b", "c"]);
  }
  const variants = planned.filter(({ name }) => name === "b").map(({ variant }) => variant);
  assert.equal(variants, ["1", "2", "1", "2"]);
});

test("plan() gives the same order when the seed is the same, and stops in the middle of a round", () => {
  const orderOf = (seed: string) => namesOf(plan(three, 50, randomOf(seed))).join("");
  assert.is(orderOf("one"), orderOf("one"));
  assert.is.not(orderOf("one"), orderOf("two"));
  assert.is(orderOf("one").length, 50);
});

test("plan() has nothing when there are no attacks", () => {
  assert.equal(plan([], 10, randomOf("seed")), []);
});

const report = (others: Partial<Report>): Report => ({
  ...{ seed: "s", tallies: [], honestCount: 10, wrong: [], workers: { before: 2, after: 2 }, elapsedMs: 1 },
  memory: { before: 100, after: 110 },
  ...others,
});
const tally = {
  ...{ name: "a bomb", runs: 3, endings: new Map(), lateMs: [] },
  ...{ unexpected: ["it answered"], unexpectedCount: 2 },
};

for (const [what, others, expected] of [
  ["all is as it was", {}, []],
  ["hosts do not tell of their memory", { memory: undefined }, []],
  ["memory has shrunk", { memory: { before: 100, after: 50 } }, []],
  ["an attack did not end as expected", { tallies: [tally] }, ['2 of "a bomb": it answered']],
  ["an honest task got a wrong answer", { wrong: ["answered 4"] }, ["1 honest tasks: answered 4"]],
  ["a worker is missing", { workers: { before: 2, after: 1 } }, ["1 workers are missing"]],
  ["memory has grown", { memory: { before: 100, after: 111 } }, ["resident memory has grown by 11.0 %"]],
] as [string, Partial<Report>, string[]][]) {
  test(`failuresOf() tells ${expected.length === 0 ? "nothing" : "it"} when ${what}`, () => {
    assert.equal(failuresOf(report(others)), expected);
  });
}
