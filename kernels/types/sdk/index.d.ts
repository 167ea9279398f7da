// `wray/kernels/sdk` as editors see it. asc reads kernels/sdk/ itself, where `remote` takes numbers for its arguments,
// which asc puts in their place; what TypeScript is to know is that they may be of any type.

export {
  Actor,
  allGather,
  allReduce,
  barrier,
  broadcast,
  clock,
  emit,
  get,
  log,
  named,
  progress,
  put,
  Ref,
  random,
  rank,
  recv,
  reduce,
  reduceScatter,
  send,
  size,
  wait,
} from "../../sdk/index";

import type { Actor, Ref } from "../../sdk/index";

/**
 * Submits `kernel`, written `"module/function"`, as a task of its own, and returns the ref of its result at once. The
 * module may be this one, by its own name. Arguments are of any type that can cross; a `Ref` stands for its value.
 */
export declare function remote<T>(kernel: string, ...args: unknown[]): Ref<T>;

/**
 * Calls a method of an actor, and returns the ref of its result at once. It is called even if this task ends before.
 * Arguments are of any type that can cross; a `Ref` stands for its value.
 */
export declare function call<T>(actor: Actor, method: string, ...args: unknown[]): Ref<T>;
