import type { KernelSignature, Param, Type } from "../../scheduler/protocol/manifest.ts";
import {
  type Type as CompilerType,
  type FunctionPrototype,
  type Program,
  type Range,
  restParameter,
} from "./compiler.ts";
import { isObstacle, placedReason } from "./obstacle.ts";
import { refuse } from "./refuse.ts";
import type { TypeTable } from "./types.ts";

/** How messages speak of a function: `Kernel 'add'`, which is `a kernel`, and what else may mend one that can't cross. */
export type Subject = { title: string; kind: string; otherRemedy?: string };

/** One kernel as the manifest tells it, or undefined after what is wrong with it has been reported. */
export function kernelSignature(
  program: Program,
  types: TypeTable,
  name: string,
  prototype: FunctionPrototype,
): KernelSignature | undefined {
  const { range } = prototype.identifierNode;
  const fault = faultOf(name, prototype);
  if (fault) {
    refuse(program, range, fault.reason, fault.remedy);
    return undefined;
  }
  return callSignature(program, types, name, prototype, { title: `Kernel '${name}'`, kind: "a kernel" });
}

/** What a function that is called from outside takes and returns, or undefined after what can't cross has been reported. */
export function callSignature(
  program: Program,
  types: TypeTable,
  name: string,
  prototype: FunctionPrototype,
  { title, kind, otherRemedy }: Subject,
): KernelSignature | undefined {
  const { range } = prototype.identifierNode;
  const instance = program.resolver.resolveFunction(prototype, null);
  if (!instance) return undefined; // asc has said so
  const { parameterTypes, returnType, requiredParameters } = instance.signature;
  const nodes = prototype.functionTypeNode;

  const cross = (type: CompilerType, at: Range, does: string): Type | undefined => {
    const crossing = types.crossing(type);
    if (!isObstacle(crossing)) return crossing;
    const remedy = otherRemedy === undefined ? crossing.remedy : `${crossing.remedy} ${otherRemedy}`;
    refuse(program, at, `${title} ${does} of type ${at}: ${placedReason(crossing)}.`, remedy);
    return undefined;
  };

  const params: Param[] = [];
  parameterTypes.forEach((parameterType, index) => {
    const { name: parameter, type: node, parameterKind } = nodes.parameters[index]!;
    if (parameterKind === restParameter) {
      refuse(
        program,
        parameter.range,
        `${title} takes '...${parameter.text}', any number of arguments, but ${kind} has a fixed number.`,
        `Take one array, \`${parameter.text}: ${node.range}\`.`,
      );
      return;
    }
    const type = cross(parameterType, node.range, `takes '${parameter.text}'`);
    if (type === undefined) return;
    params.push({ name: parameter.text, type, ...(index >= requiredParameters && { optional: true }) });
  });
  const returns = cross(returnType, nodes.returnType.range, "returns a value");
  if (returns === undefined || params.length < parameterTypes.length) return undefined;
  return {
    name,
    params,
    returns,
    file: range.source.normalizedPath,
    line: range.source.lineAt(range.start),
  };
}

/** What forbids an exported function to be a kernel, whatever its types. */
function faultOf(name: string, prototype: FunctionPrototype): { reason: string; remedy: string } | undefined {
  if (prototype.typeParameterNodes?.length) {
    return {
      reason: `Kernel '${name}' is generic, so there is no one function to call.`,
      remedy: "Export a function with plain types that calls it, and keep this one in a file of its own.",
    };
  }
  if (prototype.bodyNode === null) {
    return {
      reason: `Kernel '${name}' is declared and not written here.`,
      remedy: "Export a function with a body that calls it.",
    };
  }
  return undefined;
}
