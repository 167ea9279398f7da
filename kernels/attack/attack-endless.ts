/** What never ends, as AssemblyScript has it. */

export function spin(): void {
  while (true) {}
}

/** Work that ends, but not at once. Returns 2 ** (n - 1). */
export function work(n: i32): i32 {
  return n < 2 ? 1 : work(n - 1) + work(n - 1);
}

export function recurse(n: i32): i32 {
  return recurse(n + 1) + 1;
}

/** Recursion that holds on to memory at every level. */
export function recurse_and_keep(n: i32): i32 {
  const kept = new Uint8Array(1024);
  return recurse_and_keep(n + 1) + kept[0];
}

export function concatenate(): i32 {
  let text = "x";
  while (true) text += text;
  return text.length;
}

export function sort(): i32 {
  const list = new Array<i32>();
  while (true) {
    for (let i = 0; i < 10_000; i++) list.push(i ^ 0x2a5);
    list.sort((a, b) => b - a);
  }
  return list.length;
}
