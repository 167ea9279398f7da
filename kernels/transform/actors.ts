import { actorExport } from "../../scheduler/protocol/manifest.ts";
import { ActorFunctions } from "./actor-functions.ts";
import {
  type ClassPrototype,
  type Declaration,
  type Element,
  type File,
  type FunctionPrototype,
  flags,
  isClassPrototype,
  isFunctionPrototype,
  type Program,
  runtimes,
} from "./compiler.ts";
import { exportsOf, withdraw } from "./entry.ts";
import { isOfStandardLibrary } from "./obstacle.ts";
import { refuse } from "./refuse.ts";

/** An actor class that the entry file exports, with the functions by which a host calls it. */
export type Actor = {
  name: string;
  prototype: ClassPrototype;
  create: FunctionPrototype;
  methods: { name: string; call: FunctionPrototype; isReadonly: boolean }[];
};

/** The decorators that mean something to wray. */
export type Mark = "actor" | "readonly";

/** Whether a declaration has this decorator. */
export const hasMark = ({ decorators }: Declaration, mark: Mark): boolean =>
  decorators?.some(({ name }) => name.text === mark) ?? false;

/**
 * Finds the classes with `@actor` among the exports of a program's entry file, and puts functions in the place of each:
 * `Counter$new` makes the one actor that the module holds, and `Counter$incr` calls its method. Faults are reported.
 */
export function exposeActors(program: Program, entry: File): Actor[] {
  const classes = [...exportsOf(entry)].filter(
    (named): named is [string, ClassPrototype] =>
      isClassPrototype(named[1]) && hasMark(named[1].declaration, "actor"),
  );
  // The compiler would warn that a class can't be an export of a module.
  for (const [name] of classes) withdraw(entry, name);
  const [first] = classes;
  if (first !== undefined) checkRuntime(program, ...first);
  return classes
    .map(([name, prototype]) => exposed(program, entry, name, prototype))
    .filter((actor) => actor !== undefined);
}

function exposed(program: Program, entry: File, name: string, prototype: ClassPrototype): Actor | undefined {
  const maker = makerOf(prototype);
  const fault = faultOf(name, prototype, maker);
  if (fault !== undefined) {
    refuse(program, fault.at.identifierNode.range, fault.reason, fault.remedy);
    return undefined;
  }
  const actor = program.resolver.resolveClass(prototype, null);
  if (actor === null) return undefined; // asc has said so
  const functions = new ActorFunctions(program, name, prototype, actor);

  /** Exports a function of the actor, if its name is free. */
  const expose = (called: string, at: Element, make: () => FunctionPrototype | undefined) => {
    const exportName = actorExport(name, called);
    if (exportsOf(entry).has(exportName)) {
      refuse(
        program,
        at.identifierNode.range,
        `Actor '${name}' needs the export '${exportName}', and there is one of this name.`,
        "Rename the one or the other.",
      );
      return undefined;
    }
    const made = make();
    if (made !== undefined) entry.ensureExport(exportName, made);
    return made;
  };

  const create = expose("new", maker ?? prototype, () => functions.create(maker));
  const methods = methodsOf(prototype).flatMap((method) => {
    const call = expose(method.name, method, () => functions.call(method));
    if (call === undefined) return [];
    return [{ name: method.name, call, isReadonly: hasMark(method.declaration, "readonly") }];
  });
  return create && { name, prototype, create, methods };
}

/** A class and those that it extends, as far as users have written them. */
function lineOf(prototype: ClassPrototype): ClassPrototype[] {
  const line: ClassPrototype[] = [];
  for (let each: ClassPrototype | null = prototype; each !== null; each = each.basePrototype) {
    if (line.includes(each) || isOfStandardLibrary(each)) break;
    line.push(each);
  }
  return line;
}

/** The constructor that makes an instance, which may be inherited. */
const makerOf = (prototype: ClassPrototype): FunctionPrototype | undefined =>
  lineOf(prototype).find(({ constructorPrototype }) => constructorPrototype !== null)?.constructorPrototype ??
  undefined;

/** The public methods of a class, inherited ones after its own. Generic ones are none, since each is many functions. */
export function methodsOf(prototype: ClassPrototype): FunctionPrototype[] {
  const members = new Map<string, Element>();
  for (const { instanceMembers } of lineOf(prototype)) {
    for (const [name, member] of instanceMembers ?? []) if (!members.has(name)) members.set(name, member);
  }
  return [...members.values()].filter(
    (member): member is FunctionPrototype =>
      isFunctionPrototype(member) &&
      !member.is(flags.constructor) &&
      !member.is(flags.private) &&
      !member.is(flags.protected) &&
      !member.typeParameterNodes?.length,
  );
}

function checkRuntime(program: Program, name: string, { identifierNode }: ClassPrototype): void {
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
function faultOf(
  name: string,
  prototype: ClassPrototype,
  maker: FunctionPrototype | undefined,
): { at: Element; reason: string; remedy: string } | undefined {
  if (prototype.typeParameterNodes?.length) {
    return {
      at: prototype,
      reason: `Actor '${name}' is generic, so there is no one class to make.`,
      remedy: "Put @actor on a class that extends it with plain types.",
    };
  }
  if (prototype.is(flags.abstract)) {
    return {
      at: prototype,
      reason: `Actor '${name}' is abstract, so there is nothing to make.`,
      remedy: "Put @actor on a class that extends it.",
    };
  }
  if (maker?.is(flags.private) || maker?.is(flags.protected)) {
    return {
      at: maker,
      reason: `The constructor of actor '${name}' is not public, so nobody can make one.`,
      remedy: "Make it public.",
    };
  }
  const called = methodsOf(prototype).find((method) => method.name === "new");
  if (called !== undefined) {
    return {
      at: called,
      reason: `Method 'new' of actor '${name}' has the name of what makes an actor.`,
      remedy: "Rename it, or make it private.",
    };
  }
  return undefined;
}
