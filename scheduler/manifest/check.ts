import { InvalidTaskError, KernelNotFoundError } from "../protocol/errors.ts";
import {
  type ActorSignature,
  type KernelSignature,
  type Manifest,
  type Type,
  typeName,
} from "../protocol/manifest.ts";
import { describeSignature } from "./describe.ts";
import { type Classes, findMismatch } from "./fit.ts";

/** @throws KernelNotFoundError naming the kernels that there are */
export function findKernel(manifest: Manifest, name: string): KernelSignature {
  const signature = manifest.kernels.find((kernel) => kernel.name === name);
  if (signature !== undefined) return signature;
  throw new KernelNotFoundError(`module ${manifest.module} has no kernel ${JSON.stringify(name)}`, {
    remedy: `It has ${manifest.kernels.map((kernel) => kernel.name).join(", ")}.`,
    data: { module: manifest.module, kernel: name },
  });
}

/** @throws KernelNotFoundError naming the actor classes that there are */
export function findActor({ module, actors = [] }: Manifest, name: string): ActorSignature {
  const signature = actors.find((actor) => actor.name === name);
  if (signature !== undefined) return signature;
  const names = actors.map((actor) => actor.name).join(", ");
  throw new KernelNotFoundError(`module ${module} has no actor class ${JSON.stringify(name)}`, {
    remedy: names === "" ? "Mark a class that it exports with @actor." : `It has ${names}.`,
    data: { module, actor: name },
  });
}

/**
 * The number of a method of an actor class, from 1.
 * @param label of the class, for messages
 * @throws KernelNotFoundError naming the methods that there are
 */
export function methodNumber(label: string, methods: readonly string[], name: string): number {
  const number = methods.indexOf(name) + 1;
  if (number > 0) return number;
  throw new KernelNotFoundError(`${label} has no method ${JSON.stringify(name)}`, {
    remedy: `It has ${methods.join(", ")}.`,
    data: { actor: label, method: name },
  });
}

/** @throws InvalidTaskError unless this many arguments fit the kernel */
export function checkArgCount(kernel: string, { params }: KernelSignature, argCount: number): void {
  const neededCount = params.filter((param) => !param.optional).length;
  if (argCount >= neededCount && argCount <= params.length) return;
  const expected = neededCount === params.length ? `${neededCount}` : `${neededCount} to ${params.length}`;
  throw new InvalidTaskError(
    `${kernel} takes ${expected} argument${expected === "1" ? "" : "s"}, but got ${argCount}`,
    {
      remedy: `Call it as ${describeSignature(kernel, params)}.`,
      data: { kernel, expected: params.length, actual: argCount },
    },
  );
}

/**
 * @param classes of the module's manifest
 * @throws InvalidTaskError that names the parameter, the place inside it and the type there, unless the value fits
 */
export function checkArg(
  kernel: string,
  { params }: KernelSignature,
  index: number,
  value: unknown,
  classes: Classes,
): void {
  const { name, type, optional } = params[index]!;
  if (optional && value === undefined) return;
  const mismatch = findMismatch(type, value, classes);
  if (mismatch === undefined) return;
  const { path, what, expected, hint } = mismatch;
  throw new InvalidTaskError(`${kernel}: parameter ${name}${path} ${what}`, {
    remedy: `${hint === undefined ? "" : `${hint} `}Call it as ${describeSignature(kernel, params)}.`,
    data: { kernel, parameter: name, ...(path !== "" && { path }), expected },
  });
}

/** @throws InvalidTaskError that names `what` and the place inside it, unless the value fits the type */
export function checkValue(what: string, type: Type, value: unknown, classes: Classes): void {
  const mismatch = findMismatch(type, value, classes);
  if (mismatch === undefined) return;
  throw new InvalidTaskError(`${what}${mismatch.path} ${mismatch.what}`, {
    data: { expected: mismatch.expected },
  });
}

/**
 * The kernel itself fills in what is left out at the end, and nothing else.
 * @throws InvalidTaskError that names an argument left out before one that is given
 */
export function checkGaps(kernel: string, { params }: KernelSignature, args: readonly unknown[]): void {
  const gap = args.indexOf(undefined);
  if (gap < 0 || args.findLastIndex((arg) => arg !== undefined) < gap) return;
  const { name, type, optional } = params[gap]!;
  if (!optional) return; // A matter of `checkArg`.
  throw new InvalidTaskError(
    `${kernel}: parameter ${name} can be left out only with all that follow, but is undefined`,
    {
      remedy: `Call it as ${describeSignature(kernel, params)}.`,
      data: { kernel, parameter: name, expected: typeName(type) },
    },
  );
}
