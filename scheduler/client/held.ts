import { InvalidTaskError } from "../protocol/errors.ts";
import { Actor, linkOf } from "./actors/actor.ts";
import { type Handle, handleOf, ObjectRef } from "./object-ref.ts";

/** The handle of an object that a value holds, which is a ref, or an actor's. Undefined for anything else. */
export function handleIn(value: object): Handle | undefined {
  if (value instanceof ObjectRef) return handleOf(value);
  return value instanceof Actor ? linkOf(value).handle : undefined;
}

export const foreignRef = ({ id }: Handle) =>
  new InvalidTaskError(`the value holds ObjectRef(${id}), which is no ref of this client`, {
    remedy: "Get its value and put that.",
    data: { id },
  });
