import { actorExport } from "../../scheduler/protocol/manifest.ts";
import { checkRuntime, faultOf } from "./actor-faults.ts";
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
  const methods = methodsOf(prototype);
  const fault = faultOf(name, prototype, maker, methods);
  if (fault !== undefined) {
    refuse(program, fault.at.range, fault.reason, fault.remedy);
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
  const called = methods.flatMap((method) => {
    const call = expose(method.name, method, () => functions.call(method));
    if (call === undefined) return [];
    return [{ name: method.name, call, isReadonly: hasMark(method.declaration, "readonly") }];
  });
  return create && { name, prototype, create, methods: called };
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
