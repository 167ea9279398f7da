import * as host from "./wray";

export { Actor, call, named } from "./actors";
export {
  allGather,
  allReduce,
  barrier,
  broadcast,
  rank,
  recv,
  reduce,
  reduceScatter,
  send,
  size,
} from "./collectives";
export { Ref } from "./ref";
export { __wray_arg, emit, get, put, remote, wait } from "./tasks";

/** Writes a line to the log of the host that runs the task. */
export function log(text: string): void {
  host.log(text);
}

/** Tells the program that submitted the task how far it has come: a part of 1, and what it does in a few words. */
export function progress(fraction: f64, text: string = ""): void {
  host.progress(fraction, text);
}

/** A number from 0 to below 1. It follows from the task's seed, so the same task gets the same numbers everywhere. */
export function random(): f64 {
  return host.random();
}

/** Milliseconds since 1970; for tasks that are granted `clock`. What it says is recorded with the task. */
export function clock(): f64 {
  return host.clock();
}
