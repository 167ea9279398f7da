import * as host from "./wray";

// What the tasks of a gang do together. All of them make the same calls in the same order, with arrays of one length and
// of any numeric type. Reductions are "sum", "prod", "min" and "max"; the order in which they take the members follows from
// their number and the length alone, and all get the same bits.

/** Which of the gang's calls this task is, from 0. */
export function rank(): i32 {
  return host.rank();
}

/** How many calls the gang has. */
export function size(): i32 {
  return host.size();
}

/** Waits until all have come here. */
export function barrier(): void {
  host.barrier();
}

/** Puts what the array of `root` holds into those of all. */
export function broadcast<T extends ArrayBufferView>(array: T, root: i32 = 0): void {
  host.broadcast(array.dataStart, lengthOf<T>(array), typeOf<T>(), root);
}

/** Reduces the arrays of all into that of `root`; the others stay as they are. */
export function reduce<T extends ArrayBufferView>(array: T, reduction: string, root: i32 = 0): void {
  host.reduce(array.dataStart, lengthOf<T>(array), typeOf<T>(), reduction, root);
}

/** Reduces the arrays of all, and puts the result into each of them. */
export function allReduce<T extends ArrayBufferView>(array: T, reduction: string): void {
  host.all_reduce(array.dataStart, lengthOf<T>(array), typeOf<T>(), reduction);
}

/** A new array of the elements of all, those of rank 0 first. */
export function allGather<T extends ArrayBufferView>(array: T): T {
  const all = instantiate<T>(size() * lengthOf<T>(array));
  host.all_gather(array.dataStart, lengthOf<T>(array), typeOf<T>(), all.dataStart);
  return all;
}

/**
 * Reduces the arrays of all, and returns a part of the result: the first to rank 0, and so on. Of a length that their number
 * does not divide, the first ones get one element more.
 */
export function reduceScatter<T extends ArrayBufferView>(array: T, reduction: string): T {
  const length = lengthOf<T>(array);
  const part = instantiate<T>(length / size() + i32(rank() < length % size()));
  host.reduce_scatter(array.dataStart, length, typeOf<T>(), reduction, part.dataStart);
  return part;
}

/**
 * Sends an array to another member, which takes it by `recv`. It goes on when the bytes are on their way, which for long
 * arrays is when the other takes them: two that send each other such arrays first, and take then, wait for ever.
 */
export function send<T extends ArrayBufferView>(array: T, to: i32): void {
  host.send(array.dataStart, lengthOf<T>(array), typeOf<T>(), to);
}

/** The array of type T that a member has sent to this one, in the order in which it has. */
export function recv<T extends ArrayBufferView>(from: i32): T {
  const array = instantiate<T>(host.receive_length(typeOf<T>(), from));
  host.receive(array.dataStart);
  return array;
}

function lengthOf<T extends ArrayBufferView>(array: T): i32 {
  return array.byteLength / elementBytes<T>();
}

function elementBytes<T>(): i32 {
  // @ts-ignore: T is a typed array
  return <i32>sizeof<valueof<T>>();
}

/** How the host is told what the elements are: their bytes, and 16 for a sign, or 32 for a float. */
function typeOf<T>(): i32 {
  // @ts-ignore: T is a typed array
  return elementBytes<T>() + (isFloat<valueof<T>>() ? 32 : isSigned<valueof<T>>() ? 16 : 0);
}
