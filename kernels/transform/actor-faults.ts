import {
  type ClassPrototype,
  type FunctionPrototype,
  flags,
  type Node,
  type Program,
  runtimes,
} from "./compiler.ts";
import { refuse } from "./refuse.ts";
import { forEachNode, kinds } from "./syntax.ts";

/** Refuses actors where they could not live, and points to this one. */
export function checkRuntime(program: Program, name: string, { identifierNode }: ClassPrototype): void {
  const { runtime } = program.options;
  if (runtime === runtimes.minimal) return;
  refuse(
    program,
    identifierNode.range,
    runtime === runtimes.stub
      ? `Actor '${name}' lives from call to call, and the runtime 'stub' never frees memory.`
      : `Actor '${name}' lives on when a call of it fails, which the stack of the runtime 'incremental' does not stand.`,
    'Add `"runtime": "minimal"` to the options of asconfig.json, or give asc --runtime minimal.',
  );
}

/** What forbids a class to be an actor, whatever its methods take and return. */
export function faultOf(
  name: string,
  prototype: ClassPrototype,
  maker: FunctionPrototype | undefined,
  methods: readonly FunctionPrototype[],
): { at: Node; reason: string; remedy: string } | undefined {
  if (prototype.typeParameterNodes?.length) {
    return {
      at: prototype.identifierNode,
      reason: `Actor '${name}' is generic, so there is no one class to make.`,
      remedy: "Put @actor on a class that extends it with plain types.",
    };
  }
  if (prototype.is(flags.abstract)) {
    return {
      at: prototype.identifierNode,
      reason: `Actor '${name}' is abstract, so there is nothing to make.`,
      remedy: "Put @actor on a class that extends it.",
    };
  }
  if (maker?.is(flags.private) || maker?.is(flags.protected)) {
    return {
      at: maker.identifierNode,
      reason: `The constructor of actor '${name}' is not public, so nobody can make one.`,
      remedy: "Make it public.",
    };
  }
  const called = methods.find((method) => method.name === "new");
  if (called !== undefined) {
    return {
      at: called.identifierNode,
      reason: `Method 'new' of actor '${name}' has the name of what makes an actor.`,
      remedy: "Rename it, or make it private.",
    };
  }
  for (const method of methods) {
    // What the host calls is a function beside the class, which has no `this` when it fills in default values.
    const parameter = method.functionTypeNode.parameters.find(({ initializer }) => refersToThis(initializer));
    if (parameter === undefined) continue;
    return {
      at: parameter,
      reason: `Method '${method.name}' of actor '${name}' has a default value of '${parameter.name.text}' that uses this.`,
      remedy: "Work it out inside the method, or make the method private.",
    };
  }
  return undefined;
}

function refersToThis(node: unknown): boolean {
  let refers = false;
  forEachNode(node, ({ kind }) => {
    if (kind === kinds.this) refers = true;
  });
  return refers;
}
