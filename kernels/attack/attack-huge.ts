/** Results that are larger than a task may return, or than they look. */

export function text(length: i32): string {
  return "x".repeat(length);
}

export function bytes(length: i32): Uint8Array {
  return new Uint8Array(length);
}

export function numbers(length: i32): f64[] {
  return new Array<f64>(length);
}

/** The same list in a list, many times over, to the depth of three: small here, and `width ** 3` numbers outside. */
export function aliased(width: i32): f64[][][] {
  const inner = new Array<f64>(width);
  const middle = new Array<f64[]>(width);
  for (let i = 0; i < width; i++) middle[i] = inner;
  const outer = new Array<f64[][]>(width);
  for (let i = 0; i < width; i++) outer[i] = middle;
  return outer;
}

/** The same text, many times over. */
export function repeated(count: i32): string[] {
  const text = "x".repeat(10_000);
  const list = new Array<string>(count);
  for (let i = 0; i < count; i++) list[i] = text;
  return list;
}

class Node {
  left: Node | null = null;
  right: Node | null = null;
}

/** Contains itself. */
export function cyclic(): Node {
  const node = new Node();
  node.left = node;
  return node;
}

/** Each level holds the next one twice: `2 ** depth` nodes outside. */
export function doubling(depth: i32): Node {
  let node = new Node();
  for (let i = 0; i < depth; i++) {
    const parent = new Node();
    parent.left = node;
    parent.right = node;
    node = parent;
  }
  return node;
}

/** More memory than the machine has, at once. */
export function hoard(): i32 {
  return new Uint8Array(0x3fffffff).length;
}

/** Memory piece by piece, all of it held. */
export function hoard_pieces(): i32 {
  const held: Uint8Array[] = [];
  while (true) held.push(new Uint8Array(100_000).fill(1));
  return held.length;
}

export function measure(text: string): i32 {
  return text.length;
}
