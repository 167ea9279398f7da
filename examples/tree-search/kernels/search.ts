/**
 * Monte-Carlo tree search in Connect Four as tasks of tasks: a decision submits trees, which grow each by itself; a tree
 * submits its leaves in batches, as playouts and to a network; how many of them there will be, nobody knows beforehand.
 */
import { get, put, Ref, remote } from "wray/kernels/sdk";
import { Random } from "../../../kernels/std/gym/random";
import {
  Board,
  CELLS,
  COLUMNS,
  canDrop,
  DRAWN,
  dropped,
  GOES_ON,
  LOST,
  playout,
  ROWS,
  randomColumn,
  standing,
} from "./search/board";
import { mostTried, Node, Tree, worthOf } from "./search/tree";

/** What comes of a move. */
class Turn {
  constructor(
    public column: i32,
    /** As the other one has it now. */
    public board: Board,
    /** Whether the move wins, and whether the game is over with or without that. */
    public wins: bool,
    public isOver: bool,
  ) {}
}

/** How to search. */
class Plan {
  constructor(
    /** Of all trees together. */
    public simulations: i32,
    public trees: i32,
    /** How many leaves of a tree are valued at once, at most. */
    public batch: i32,
    /** Which part of a leaf's value is the network's; the rest is that of a playout. */
    public trust: f64,
  ) {}
}

/** Positions of games, and what whoever was to move has come to: 0 has lost, 1 drawn, 2 won. */
class Experience {
  constructor(
    public boards: Uint64Array,
    public outcomes: Uint32Array,
  ) {}
}

/** Searches for the best move: by trees that know nothing of each other, whose counts are added. */
export function decide(board: Board, plan: Plan, weights: Float32Array, sizes: Array<i32>, seed: u32): Turn {
  checkGoesOn(board);
  const shared = put<Float32Array>(weights);
  const refs: Ref<Int32Array>[] = [];
  for (let tree = 0; tree < plan.trees; tree++) {
    const simulations = (plan.simulations + tree) / plan.trees;
    const treeSeed = seed * 31 + tree;
    refs.push(remote<Int32Array>("search/grow", board, plan, simulations, shared, sizes, treeSeed));
  }
  const counts = new Int32Array(COLUMNS);
  for (let tree = 0; tree < refs.length; tree++) {
    const own = get(refs[tree]);
    for (let column = 0; column < COLUMNS; column++) counts[column] += own[column];
  }
  return moved(board, mostTried(counts));
}

/** Grows a tree by so many leaves, and returns how often each column was tried. */
export function grow(
  board: Board,
  plan: Plan,
  simulations: i32,
  weights: Float32Array,
  sizes: Array<i32>,
  seed: u32,
): Int32Array {
  const tree = new Tree(board.own, board.all);
  const shared = put<Float32Array>(weights);
  const random = new Random(seed);
  let done = 0;
  while (done < simulations) {
    const leaves: Node[] = [];
    while (done < simulations && leaves.length < plan.batch) {
      const leaf = tree.descend();
      // The best one is in the batch already: its value has to be known first.
      if (leaf == null) break;
      done++;
      if (leaf.state == GOES_ON) leaves.push(leaf);
      else tree.backUp(leaf, worthOf(leaf.state));
    }
    if (leaves.length == 0) continue;
    const values = valuesOf(leaves, plan.trust, shared, sizes, <u32>(random.next() * 4294967296.0));
    for (let i = 0; i < leaves.length; i++) tree.backUp(leaves[i], values[i]);
  }
  return tree.visits();
}

/** What leaves are worth, by playouts and the network at the same time. */
function valuesOf(
  leaves: Node[],
  trust: f64,
  weights: Ref<Float32Array>,
  sizes: Array<i32>,
  seed: u32,
): Float64Array {
  const boards = new Uint64Array(2 * leaves.length);
  for (let i = 0; i < leaves.length; i++) {
    boards[2 * i] = leaves[i].own;
    boards[2 * i + 1] = leaves[i].all;
  }
  const values = new Float64Array(leaves.length);
  const played = remote<Float32Array>("search/playouts", boards, seed);
  if (trust > 0) {
    const guessed = remote<Float32Array>("tensor/mlpForwardSimd", inputs(boards), weights, sizes);
    const outputs = get(guessed);
    for (let i = 0; i < values.length; i++) values[i] = trust * expected(outputs, 3 * i);
    guessed.free();
  }
  const outcomes = get(played);
  for (let i = 0; i < values.length; i++) values[i] += (1 - trust) * <f64>outcomes[i];
  played.free();
  return values;
}

/** What a random game from each position comes to for whoever is to move there. */
export function playouts(boards: Uint64Array, seed: u32): Float32Array {
  const random = new Random(seed);
  const outcomes = new Float32Array(boards.length / 2);
  for (let i = 0; i < outcomes.length; i++) {
    outcomes[i] = <f32>playout(boards[2 * i], boards[2 * i + 1], random);
  }
  return outcomes;
}

/** The move with the best mean of random games, of which each has as many: a search without a tree. */
export function flat(board: Board, simulations: i32, seed: u32): Turn {
  checkGoesOn(board);
  const random = new Random(seed);
  const counts = new Int32Array(COLUMNS);
  const totals = new Int32Array(COLUMNS);
  for (let done = 0, column = 0; done < simulations; column = (column + 1) % COLUMNS) {
    if (!canDrop(board.all, column)) continue;
    const outcome = playout(board.own ^ board.all, dropped(board.all, column), random);
    totals[column] -= outcome;
    counts[column]++;
    done++;
  }
  let best = -1;
  for (let column = 0; column < COLUMNS; column++) {
    if (counts[column] == 0) continue;
    if (best < 0 || totals[column] * counts[best] > totals[best] * counts[column]) best = column;
  }
  return moved(board, best);
}

/**
 * So many games of a searcher with itself, which values by playouts alone, in this task. They begin with some moves at
 * random, so that each is another one.
 */
export function selfPlay(games: i32, simulations: i32, seed: u32): Experience {
  const random = new Random(seed);
  const boards: u64[] = [];
  const outcomes: u32[] = [];
  for (let game = 0; game < games; game++) {
    let own: u64 = 0;
    let all: u64 = 0;
    const first = outcomes.length;
    for (let left = <i32>(random.next() * 12); standing(own, all) == GOES_ON; left--) {
      boards.push(own);
      boards.push(all);
      outcomes.push(1);
      const column = left > 0 ? randomColumn(all, random) : searched(own, all, simulations, random);
      own ^= all;
      all = dropped(all, column);
    }
    if (standing(own, all) == DRAWN) continue;
    // The last position was that of the winner.
    for (let i = outcomes.length - 1, wins = true; i >= first; i--, wins = !wins) outcomes[i] = wins ? 2 : 0;
  }
  const experience = new Experience(new Uint64Array(boards.length), new Uint32Array(outcomes.length));
  for (let i = 0; i < boards.length; i++) experience.boards[i] = boards[i];
  for (let i = 0; i < outcomes.length; i++) experience.outcomes[i] = outcomes[i];
  return experience;
}

function searched(own: u64, all: u64, simulations: i32, random: Random): i32 {
  const tree = new Tree(own, all);
  for (let i = 0; i < simulations; i++) {
    const leaf = tree.descend()!;
    const isOver = leaf.state != GOES_ON;
    tree.backUp(leaf, isOver ? worthOf(leaf.state) : <f64>playout(leaf.own, leaf.all, random));
  }
  return mostTried(tree.visits());
}

/** What the network is given of each position: where the own stones are, and where the other one's are. */
export function features(experience: Experience): Float32Array {
  return inputs(experience.boards);
}

export function outcomes(experience: Experience): Uint32Array {
  return experience.outcomes;
}

/** How many outcomes the network takes for the likeliest. */
export function correct(outputs: Float32Array, outcomes: Uint32Array): i32 {
  let count = 0;
  for (let i = 0; i < outcomes.length; i++) {
    let best = 0;
    for (let j = 1; j < 3; j++) if (outputs[3 * i + j] > outputs[3 * i + best]) best = j;
    if (outcomes[i] == best) count++;
  }
  return count;
}

function inputs(boards: Uint64Array): Float32Array {
  const positions = boards.length / 2;
  const x = new Float32Array(positions * 2 * CELLS);
  for (let i = 0, at = 0; i < positions; i++) {
    const own = boards[2 * i];
    const other = own ^ boards[2 * i + 1];
    for (let column = 0; column < COLUMNS; column++) {
      for (let row = 0; row < ROWS; row++, at += 2) {
        const bit = <u64>(7 * column + row);
        x[at] = <f32>((own >> bit) & 1);
        x[at + 1] = <f32>((other >> bit) & 1);
      }
    }
  }
  return x;
}

/** What is to be expected by logits of a loss, a draw and a win: from -1 to 1. */
function expected(outputs: Float32Array, row: i32): f64 {
  const top = <f64>max(outputs[row], max(outputs[row + 1], outputs[row + 2]));
  const loss = Math.exp(outputs[row] - top);
  const draw = Math.exp(outputs[row + 1] - top);
  const win = Math.exp(outputs[row + 2] - top);
  return (win - loss) / (loss + draw + win);
}

function checkGoesOn(board: Board): void {
  if (standing(board.own, board.all) != GOES_ON)
    throw new Error("the game is over: there is no move any more");
}

function moved(board: Board, column: i32): Turn {
  const next = new Board(board.own ^ board.all, dropped(board.all, column));
  const state = standing(next.own, next.all);
  return new Turn(column, next, state == LOST, state != GOES_ON);
}
