import { COLUMNS, canDrop, dropped, GOES_ON, LOST, standing } from "./board";

/** How much is tried that is not known well. */
const EXPLORATION: f64 = 1;
/** The columns from the middle to the sides: better ones come first. */
const ORDER: StaticArray<i32> = [3, 2, 4, 1, 5, 0, 6];

/** A position that the tree has come to. */
@final
export class Node {
  readonly state: i32;
  readonly children: StaticArray<Node | null> = new StaticArray<Node | null>(COLUMNS);
  visits: i32 = 0;
  /** What its visits have come to for whoever has moved to it, together. */
  total: f64 = 0;
  /** Descents that have come by and whose value is not known yet: each counts as a loss until then. */
  pending: i32 = 0;

  constructor(
    readonly parent: Node | null,
    readonly own: u64,
    readonly all: u64,
  ) {
    this.state = standing(own, all);
  }

  /** What upper confidence bounds say of it (Kocsis and Szepesvári, "Bandit based Monte-Carlo planning", 2006). */
  bound(logOfParent: f64): f64 {
    const count = <f64>(this.visits + this.pending);
    return (this.total - this.pending) / count + EXPLORATION * Math.sqrt(logOfParent / count);
  }
}

/** A tree of positions, which grows by one leaf a descent. Several may be under way: their leaves are valued together. */
@final
export class Tree {
  readonly root: Node;

  constructor(own: u64, all: u64) {
    this.root = new Node(null, own, all);
  }

  /** Goes down to a position that is to be valued; null when the best one waits for its value already. */
  descend(): Node | null {
    let node = this.root;
    while (node.visits > 0 && node.state == GOES_ON) node = this.best(node);
    if (node.visits == 0 && node.pending > 0) return null;
    for (let at: Node | null = node; at != null; at = at.parent) at.pending++;
    return node;
  }

  /** Takes in what a leaf is worth for whoever is to move there, from -1 to 1. */
  backUp(leaf: Node, value: f64): void {
    for (let node: Node | null = leaf; node != null; node = node.parent) {
      value = -value;
      node.pending--;
      node.visits++;
      node.total += value;
    }
  }

  /** How often each column was tried. */
  visits(): Int32Array {
    const counts = new Int32Array(COLUMNS);
    for (let column = 0; column < COLUMNS; column++) {
      const child = this.root.children[column];
      if (child != null) counts[column] = child.visits;
    }
    return counts;
  }

  private best(node: Node): Node {
    const log = Math.log(node.visits + node.pending);
    let best: Node | null = null;
    let bestBound: f64 = -Infinity;
    for (let i = 0; i < COLUMNS; i++) {
      const column = ORDER[i];
      if (!canDrop(node.all, column)) continue;
      const child = node.children[column];
      if (child == null) {
        const made = new Node(node, node.own ^ node.all, dropped(node.all, column));
        node.children[column] = made;
        return made;
      }
      const bound = child.bound(log);
      if (bound <= bestBound) continue;
      best = child;
      bestBound = bound;
    }
    return best!;
  }
}

/** What a position that ends the game is worth for whoever would be to move. */
export function worthOf(state: i32): f64 {
  return state == LOST ? -1 : 0;
}

/** The column with the highest count, the first of equals from the middle on. */
export function mostTried(counts: Int32Array): i32 {
  let best = ORDER[0];
  for (let i = 1; i < COLUMNS; i++) if (counts[ORDER[i]] > counts[best]) best = ORDER[i];
  return best;
}
