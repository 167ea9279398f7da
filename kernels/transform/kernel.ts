import type { KernelSignature, Param, Type } from "../../scheduler/protocol/manifest.ts";
import type { Type as CompilerType, FunctionPrototype, Program, Range } from "./compiler.ts";
import { type Obstacle, obstacle } from "./obstacle.ts";
import { refuse } from "./refuse.ts";
import { manifestType } from "./types.ts";

/** One kernel as the manifest tells it, or undefined after what is wrong with it has been reported. */
export function kernelSignature(
  program: Program,
  name: string,
  prototype: FunctionPrototype,
): { signature: KernelSignature; types: CompilerType[] } | undefined {
  const { range } = prototype.identifierNode;
  const fault = faultOf(name, prototype);
  if (fault) {
    refuse(program, range, fault.reason, fault.remedy);
    return undefined;
  }
  const instance = program.resolver.resolveFunction(prototype, null);
  if (!instance) return undefined; // asc has said so
  const { parameterTypes, returnType, requiredParameters } = instance.signature;
  const nodes = prototype.functionTypeNode;

  const cross = (type: CompilerType, at: Range, does: string): Type | undefined => {
    const crossing = manifestType(type);
    if (crossing === undefined) {
      const { reason, remedy } = obstacle(type);
      refuse(program, at, `Kernel '${name}' ${does} of type ${at}: ${reason}.`, remedy);
    }
    return crossing;
  };

  const params: Param[] = [];
  parameterTypes.forEach((parameterType, index) => {
    const node = nodes.parameters[index]!;
    const type = cross(parameterType, node.type.range, `takes '${node.name.text}'`);
    if (type === undefined) return;
    params.push({ name: node.name.text, type, ...(index >= requiredParameters && { optional: true }) });
  });
  const returns = cross(returnType, nodes.returnType.range, "returns a value");
  if (returns === undefined || params.length < parameterTypes.length) return undefined;
  return {
    signature: {
      name,
      params,
      returns,
      file: range.source.normalizedPath,
      line: range.source.lineAt(range.start),
    },
    types: [...parameterTypes, returnType],
  };
}

/** What forbids an exported function to be a kernel, whatever its types. */
function faultOf(name: string, prototype: FunctionPrototype): Obstacle | undefined {
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
