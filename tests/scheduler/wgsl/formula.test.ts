import { checkFormula, evaluate, type Known } from "../../../scheduler/wgsl/formula.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("formulas");
const values: Record<string, number> = { "x.length": 130, n: 7, "params.rows": 3 };
const known: Known = (name, member) => values[member === undefined ? name : `${name}.${member}`];
const of = (formula: string | number) => evaluate("size", formula, known);

for (const [formula, value] of [
  [12, 12],
  ["x.length", 130],
  ["x.length / 64", 130 / 64],
  ["ceil(x.length / 64) * params.rows", 9],
  ["-n + 2 * (n - 1) % 5", -5],
  ["max(1, floor(log2(n)), min(n, 5)) + sqrt(16)", 9],
] as const) {
  test(`${formula} is ${value}`, () => assert.is(of(formula), value));
}

for (const [formula, says] of [
  ["", /is no formula|comes to|no arithmetic/],
  ["x.length +", /is no formula/],
  ["y.length", /asks for y.length, which no argument has/],
  ["x", /asks for x, which no argument has/],
  ["x['length']", /no arithmetic \(MemberExpression\)/],
  ["n.constructor.name", /no arithmetic/],
  ["constructor(n)", /no arithmetic \(CallExpression\)/],
  ["eval('1')", /no arithmetic/],
  ["n && 1", /no arithmetic/],
  ["1 / 0", /comes to Infinity/],
  ["n = 3", /is no formula|no arithmetic/],
  [`1${" + 1".repeat(100)}`, /has more than 200 characters/],
] as const) {
  test(`${JSON.stringify(formula.slice(0, 30))} is refused`, () => {
    const { message } = throwsCode(() => of(formula), "INVALID_TASK");
    assert.match(message, says);
    assert.match(message, /^size: /);
  });
}

test("what it asks for is checked before there are values", () => {
  const isKnown = (name: string, member: string | undefined) => name === "x" && member === "length";
  checkFormula("size", "1 / (x.length - 1)", isKnown);
  throwsCode(() => checkFormula("size", "n", isKnown), "INVALID_TASK");
});
