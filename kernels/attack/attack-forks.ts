/** Tasks that submit tasks: of themselves, without end. */
import { get, put, Ref, remote, wait } from "wray/kernels/sdk";

export function spin(): void {
  while (true) {}
}

/** Waits for a task that never ends. */
export function blocked(): void {
  get(remote<void>("attack-forks/spin"));
}

/** Waits for whichever of two tasks that never end is first. */
export function blocked_in_wait(): i32 {
  return wait([remote<void>("attack-forks/spin"), remote<void>("attack-forks/spin")]).length;
}

/** Each task waits for another of its kind. */
export function recurse(depth: i32): i32 {
  return get(remote<i32>("attack-forks/recurse", depth + 1)) + 1;
}

/** Each task submits as many of its kind as it may. */
export function bomb(): void {
  while (true) remote<void>("attack-forks/bomb");
}

/** The same, but it lets go of each at once. */
export function bomb_and_free(): void {
  while (true) remote<void>("attack-forks/bomb_and_free").free();
}

/** Two tasks each, and so on: never too many for one task, but for all. */
export function double(): i32 {
  const left = remote<i32>("attack-forks/double");
  const right = remote<i32>("attack-forks/double");
  return get(left) + get(right);
}

export function put_flood(): void {
  const text = "x".repeat(100_000);
  while (true) put(text);
}

/** A value that is passed on and on, and so is in many messages. */
export function pass_flood(text: string): void {
  while (true) remote<void>("attack-forks/keep", text);
}

export function keep(text: string): void {
  assert(text.length > 0);
  while (true) {}
}

export function of_another(): f64 {
  return get(remote<f64>("math/add", 1.0, 2.0));
}

export function of_nothing(): f64 {
  return get(remote<f64>("nowhere/nothing"));
}

export function of_no_kernel(): f64 {
  return get(remote<f64>("math/__proto__"));
}

export function of_wrong_arguments(): f64 {
  return get(remote<f64>("math/add", "one", "two"));
}

export function of_wrong_result(): string {
  return get(changetype<Ref<string>>(remote<f64>("math/add", 1.0, 2.0)));
}
