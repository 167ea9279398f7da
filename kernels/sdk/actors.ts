import { Ref } from "./ref";
import * as host from "./wray";

/**
 * An actor that a kernel can call. It crosses as its address, so it can be kept, too; but only programs, and tasks that
 * have been given it, keep the actor from ending.
 */
export class Actor {
  constructor(readonly address: string) {}
}

/** The actor that has this name, which is looked for when it is called first. */
export function named(name: string, namespace: string = "default"): Actor {
  return new Actor("actor:@" + namespace + "/" + name);
}

/**
 * Calls a method of an actor, and returns the ref of its result at once. It is called even if this task ends before.
 * Arguments are of any type that can cross; a `Ref` stands for its value. (`asc` puts each into `__wray_arg`.)
 */
export function call<T>(actor: Actor, method: string, ...args: i32[]): Ref<T> {
  if (!actor.address.startsWith("actor:"))
    throw new Error("'" + actor.address + "' is no address of an actor");
  return new Ref<T>(host.submit(actor.address + "." + method, args.dataStart, args.length));
}
