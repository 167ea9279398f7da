import { checkArg, checkArgCount, checkGaps } from "../manifest/check.ts";
import type { Classes } from "../manifest/fit.ts";
import { InvalidTaskError } from "../protocol/errors.ts";
import { elementOf, type KernelSignature, type Type } from "../protocol/manifest.ts";
import { Actor, linkOf } from "./actors/actor.ts";
import type { Backend } from "./backend.ts";
import type { ModuleFacts } from "./module.ts";
import { handleOf, ObjectRef } from "./object-ref.ts";

/**
 * The arguments of a call, with handles for refs and for actors.
 * @param name what is called, for messages
 * @throws InvalidTaskError when they don't fit, naming the parameter, or a ref is not of this client
 */
export function checkedArgs(
  name: string,
  { signature, module, backend }: { signature: KernelSignature; module: ModuleFacts; backend: Backend },
  args: readonly unknown[],
): unknown[] {
  checkArgCount(name, signature, args.length);
  checkGaps(name, signature, args);
  const { classes } = module.manifest;
  return args.map((arg, index) => {
    if (!(arg instanceof ObjectRef)) {
      const actors = new Set<Actor>();
      const value = mayHoldActors(signature.params[index]!.type, classes) ? withAddresses(arg, actors) : arg;
      checkArg(name, signature, index, value, classes);
      if (actors.size === 0) return arg;
      // What stands for an actor is its address, and keeps it until the call has ended.
      const handles = [...actors].map((actor) => linkOf(actor).handle);
      for (const handle of handles)
        if (!backend.owns(handle)) throw foreign(name, signature, index, `${handle.id}`);
      return arg instanceof Actor ? handles[0]! : backend.put(value, 1, handles);
    }
    const handle = handleOf(arg);
    if (backend.owns(handle)) return handle;
    throw foreign(name, signature, index, arg.id);
  });
}

/** What was found of types, each of which is of one manifest. */
const holders = new WeakMap<object, boolean>();

/** Whether a value of a type is, or may hold, an object of the SDK's class `Actor`. */
function mayHoldActors(type: Type, classes: Classes): boolean {
  if (typeof type === "string") return false;
  const known = holders.get(type);
  if (known !== undefined) return known;
  const holds = reachesActor(type, classes, new Set());
  holders.set(type, holds);
  return holds;
}

/** @param seen classes that were looked at before, or are about to be */
function reachesActor(type: Type, classes: Classes, seen: Set<string>): boolean {
  if (typeof type === "string") return false;
  if ("nullable" in type) return reachesActor(type.nullable, classes, seen);
  if (!("object" in type)) return reachesActor(elementOf(type), classes, seen);
  if (seen.has(type.object)) return false;
  seen.add(type.object);
  const { fields } = classes[type.object]!;
  // That is all that tells it from others.
  const isActor = fields.length === 1 && fields[0]!.name === "address" && fields[0]!.type === "string";
  return isActor || fields.some((field) => reachesActor(field.type, classes, seen));
}

/** The same value with the address of each handle in its place. */
function withAddresses(value: unknown, actors: Set<Actor>): unknown {
  if (value instanceof Actor) {
    actors.add(value);
    return { address: linkOf(value).address };
  }
  if (Array.isArray(value)) return value.map((each) => withAddresses(each, actors));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withAddresses(each, actors)]));
}

const foreign = (name: string, { params }: KernelSignature, index: number, id: string) =>
  new InvalidTaskError(
    `${name}: parameter ${params[index]!.name} is a ref of another client, or one that was freed`,
    { remedy: "Get its value and pass that.", data: { kernel: name, id } },
  );
