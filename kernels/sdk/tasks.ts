import { AnyRef, Ref } from "./ref";
import * as host from "./wray";

/**
 * Submits `kernel`, written `"module/function"`, as a task of its own, and returns the ref of its result at once. The
 * module may be this one, by its own name. Arguments are of any type that can cross; a `Ref` stands for its value.
 * (`asc` puts each into `__wray_arg`, so that they need not be of one type.)
 */
export function remote<T>(kernel: string, ...args: i32[]): Ref<T> {
  return new Ref<T>(host.submit(kernel, args.dataStart, args.length));
}

/**
 * The value of a ref. While it is not ready the task waits, and its cpu is another's. When the ref failed, this task
 * fails with the same error.
 */
export function get<T>(ref: Ref<T>): T {
  return __wray_take<T>(ref.number);
}

/** Makes a value an object, which goes to each host once that needs it, however many tasks take it. */
export function put<T>(value: T): Ref<T> {
  return new Ref<T>(__wray_put<T>(value));
}

/**
 * Yields a value to the program that called this task with `stream()`. The task waits here while that has so many values
 * to take as its option `maxUnread` says; meanwhile its cpu is another's.
 */
export function emit<T>(value: T): void {
  __wray_emit<T>(value);
}

/**
 * Waits until `numReturns` of the refs are ready, or `timeoutMs` is over, and returns those that are, in their order.
 * A failed ref counts as ready. What it returns depends on time, so a task that uses it may not repeat.
 */
export function wait<T>(refs: Ref<T>[], numReturns: i32 = 1, timeoutMs: f64 = -1): Ref<T>[] {
  const numbers = new Array<i32>(refs.length);
  for (let i = 0; i < refs.length; i++) numbers[i] = refs[i].number;
  host.wait(numbers.dataStart, numbers.length, numReturns, timeoutMs);
  const ready: Ref<T>[] = [];
  for (let i = 0; i < refs.length; i++) if (numbers[i]) ready.push(refs[i]);
  return ready;
}

/** Hands an argument of `remote` to the host. Returns its number. */
export function __wray_arg<T>(value: T): i32 {
  if (isReference<T>()) {
    if (value instanceof AnyRef) return host.arg_ref((value as AnyRef).number);
    return host.arg_object(changetype<usize>(value), idof<T>());
  }
  if (isFloat<T>()) return host.arg_float(<f64>value);
  if (isBoolean<T>()) return host.arg_bool(<bool>value);
  return host.arg_int(<i64>value, sizeof<T>() << 3, isSigned<T>());
}

export function __wray_put<T>(value: T): i32 {
  if (isReference<T>()) return host.put_object(changetype<usize>(value), idof<T>());
  if (isFloat<T>()) return host.put_float(<f64>value);
  if (isBoolean<T>()) return host.put_bool(<bool>value);
  return host.put_int(<i64>value, sizeof<T>() << 3, isSigned<T>());
}

export function __wray_emit<T>(value: T): void {
  if (isReference<T>()) host.emit_object(changetype<usize>(value), idof<T>());
  else if (isFloat<T>()) host.emit_float(<f64>value);
  else if (isBoolean<T>()) host.emit_bool(<bool>value);
  else host.emit_int(<i64>value, sizeof<T>() << 3, isSigned<T>());
}

export function __wray_take<T>(ref: i32): T {
  if (isVoid<T>()) {
    host.take_void(ref);
    // @ts-ignore: a T that is void
    return;
  }
  if (isReference<T>()) return changetype<T>(host.take_object(ref, idof<T>(), isNullable<T>()));
  if (isFloat<T>()) return <T>host.take_float(ref);
  if (isBoolean<T>()) return <T>host.take_bool(ref);
  return <T>host.take_int(ref, sizeof<T>() << 3, isSigned<T>());
}
