import jsep from "jsep";
import { InvalidTaskError } from "../protocol/errors.ts";
import type { Formula } from "../protocol/manifest.ts";

/** What formulas may ask for: numbers by name, or by name and member, `x.length`. */
export type Known = (name: string, member: string | undefined) => number | undefined;

/** Longer ones are no formulas, and parsing is recursive. */
const mostCharacters = 200;

const operators: Record<string, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
};

const functions: Record<string, (...values: number[]) => number> = {
  ceil: Math.ceil,
  floor: Math.floor,
  log2: Math.log2,
  max: Math.max,
  min: Math.min,
  sqrt: Math.sqrt,
};

/**
 * What a formula comes to: arithmetic with `+ - * / %`, `min`, `max`, `ceil`, `floor`, `log2`, `sqrt`, and what is known.
 * @param what names it in errors
 * @throws InvalidTaskError
 */
export function evaluate(what: string, formula: Formula, known: Known): number {
  const value = calculate(what, formula, known);
  if (!Number.isFinite(value)) throw refusal(what, formula)(`comes to ${value}`);
  return value;
}

/**
 * Whether it is a formula, and asks for nothing that is not known.
 * @throws InvalidTaskError
 */
export function checkFormula(
  what: string,
  formula: Formula,
  isKnown: (...asked: Parameters<Known>) => boolean,
): void {
  calculate(what, formula, (name, member) => (isKnown(name, member) ? 1 : undefined));
}

function calculate(what: string, formula: Formula, known: Known): number {
  if (typeof formula === "number") return formula;
  const refuse = refusal(what, formula);
  if (formula.length > mostCharacters) throw refuse(`… has more than ${mostCharacters} characters`);
  return numberOf(parse(formula, refuse), known, refuse);
}

/** Those that were asked for lately: a kernel asks for its own with each call. */
const parsed = new Map<string, jsep.Expression>();
const mostParsed = 1_000;

function parse(formula: string, refuse: Refuse): jsep.Expression {
  let expression = parsed.get(formula);
  if (expression !== undefined) return expression;
  try {
    expression = jsep(formula);
  } catch (error) {
    throw refuse(`is no formula: ${(error as Error).message}`);
  }
  if (parsed.size >= mostParsed) parsed.clear();
  parsed.set(formula, expression);
  return expression;
}

const refusal = (what: string, formula: Formula) => (why: string) => {
  const shown = String(formula).slice(0, mostCharacters);
  return new InvalidTaskError(`${what}: ${JSON.stringify(shown)} ${why}`, {
    remedy: `A formula is arithmetic such as "x.length / 64", with ${Object.keys(functions).join(", ")}.`,
    data: { formula: shown },
  });
};

type Refuse = (why: string) => Error;

function numberOf(node: jsep.Expression, known: Known, refuse: Refuse): number {
  switch (node.type) {
    case "Literal":
      if (typeof node.value === "number") return node.value;
      break;
    case "Identifier":
      return named(node.name as string, undefined, known, refuse);
    case "MemberExpression": {
      const { object, property, computed } = node as jsep.MemberExpression;
      if (computed || object.type !== "Identifier" || property.type !== "Identifier") break;
      return named(object.name as string, property.name as string, known, refuse);
    }
    case "UnaryExpression": {
      const { operator, argument } = node as jsep.UnaryExpression;
      if (operator === "-") return -numberOf(argument, known, refuse);
      break;
    }
    case "BinaryExpression": {
      const { operator, left, right } = node as jsep.BinaryExpression;
      const apply = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
      if (apply === undefined) break;
      return apply(numberOf(left, known, refuse), numberOf(right, known, refuse));
    }
    case "CallExpression": {
      const { callee, arguments: given } = node as jsep.CallExpression;
      const name = callee.type === "Identifier" ? (callee.name as string) : "";
      const apply = Object.hasOwn(functions, name) ? functions[name] : undefined;
      if (apply === undefined) break;
      return apply(...given.map((each) => numberOf(each, known, refuse)));
    }
  }
  throw refuse(`has something that is no arithmetic (${node.type})`);
}

function named(name: string, member: string | undefined, known: Known, refuse: Refuse): number {
  const value = known(name, member);
  if (value !== undefined) return value;
  throw refuse(`asks for ${member === undefined ? name : `${name}.${member}`}, which no argument has`);
}
