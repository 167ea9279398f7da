import { type Class, flags, type Type, unmanagedDecorator } from "./compiler.ts";

/** Why a value cannot cross, and what to write instead. */
export type Obstacle = {
  reason: string;
  remedy: string;
  /** Where inside it: the way from an object of this class, such as `.sides[].callback`. */
  owner: string;
  steps: string;
};

export const isObstacle = (of: unknown): of is Obstacle =>
  typeof of === "object" && of !== null && "reason" in of;

/** The reason with the place inside of the value that it is about. */
export function placedReason({ owner, steps, reason }: Obstacle): string {
  const inside = steps.replace(/^(?:\[\])+/, "");
  return inside === "" ? reason : `in ${owner}${inside}, ${reason}`;
}

/** A compiler's name without the files: `Pair<~lib/string/String>` is `Pair<String>`. */
export const shownName = (name: string): string => name.replaceAll(/[^\s<>,()|]+\//g, "");

const here = { owner: "", steps: "" };

/** Why no value of this type can cross, when that does not depend on a class. */
export function obstacleOfValue(type: Type): Obstacle | undefined {
  const name = type.toString();
  if (type.isFunction) {
    return {
      ...here,
      reason: "a function cannot cross",
      remedy: "Pass the data, and choose the function inside the kernel.",
    };
  }
  if (name === "isize" || name === "usize") {
    return {
      ...here,
      reason: "an address means nothing outside the sandbox",
      remedy: "Use i32, u32, i64 or u64.",
    };
  }
  if (name === "v128") {
    return {
      ...here,
      reason: "a SIMD vector cannot cross",
      remedy: "Pass a typed array and load the vector from it.",
    };
  }
  if (type.getClass() === null) {
    return { ...here, reason: "a host's object means nothing elsewhere", remedy: "Pass its data." };
  }
  return undefined;
}

/** Why no object of this class can cross, whatever its fields. */
export function obstacleOfClass(reference: Class): Obstacle | undefined {
  const { prototype, isInterface } = reference;
  if (isInterface) {
    return {
      ...here,
      reason: "an interface does not tell which class its object has",
      remedy: "Use a class.",
    };
  }
  for (let ancestor: Class | null = reference; ancestor; ancestor = ancestor.base) {
    if (!isOfStandardLibrary(ancestor) || ancestor.internalName === "~lib/object/Object") continue;
    const { name } = ancestor.prototype;
    return {
      ...here,
      reason: `the standard library's class ${name} cannot cross`,
      remedy: insteadOf[name] ?? "Copy what is needed of it into a class of your own.",
    };
  }
  if (reference.hasDecorator(unmanagedDecorator)) {
    return {
      ...here,
      reason: "an unmanaged object is not known to the runtime",
      remedy: "Drop @unmanaged.",
    };
  }
  if (reference.is(flags.abstract)) {
    return {
      ...here,
      reason: `there is no object of the abstract class ${prototype.name} alone`,
      remedy: "Use a class that extends it.",
    };
  }
  return undefined;
}

const insteadOf: Record<string, string> = {
  Map: "Pass its keys() and its values(), two arrays.",
  Set: "Pass its values(), an array.",
  Date: "Pass its getTime(), an i64.",
  Object: "Use a class that has the fields.",
};

/** Packages lie in folders of `~lib`; the standard library beside them, and in folders of a few names. */
export const isOfStandardLibrary = ({ identifierNode }: Pick<Class, "identifierNode">): boolean =>
  /^~lib\/(?:[^/]+\.ts|(?:rt|util|shared|bindings)\/.*)$/.test(identifierNode.range.source.normalizedPath);
