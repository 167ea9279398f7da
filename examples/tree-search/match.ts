import type { Client, Modules, ObjectRef } from "wray";
import type { Network } from "./train.ts";

type Search = Modules["search"];
export type Board = Parameters<Search["flat"]>[0];
export type Turn = ReturnType<Search["flat"]>;
type Plan = Parameters<Search["decide"]>[1];

/** Whoever is asked for the next move. */
export type Player = (board: Board, seed: number) => ObjectRef<Turn>;

export type Players = {
  /** Searches by trees, with a network unless it is given none. */
  tree(simulations: number, options?: Partial<Plan> & { network?: Network | undefined }): Player;
  /** Compares the moves by random games alone. */
  flat(simulations: number): Player;
};

export async function makePlayers(wray: Client, module = "build/search.wasm"): Promise<Players> {
  const search = await wray.load<"search">(module);
  const none = { weights: wray.put(new Float32Array(0)), sizes: [] };
  return {
    tree(simulations, { network, ...options } = {}) {
      const { weights, sizes } = network ?? none;
      const trust = network === undefined ? 0 : 0.5;
      const plan = { simulations, trees: 2, batch: 4, trust, ...options };
      return (board, seed) => search.kernel("decide").remote(board, plan, weights, sizes, seed);
    },
    flat: (simulations) => (board, seed) => search.kernel("flat").remote(board, simulations, seed),
  };
}

const empty: Board = { own: 0n, all: 0n };

/** A game: 1 when the first player wins it, 0 when the second does, and ½ when nobody does. */
export async function play(wray: Client, players: readonly [Player, Player], seed: number): Promise<number> {
  let board = empty;
  for (let move = 0; ; move++) {
    const turn = await wray.get(players[move % 2]!(board, seed * 64 + move));
    if (turn.wins) return move % 2 === 0 ? 1 : 0;
    if (turn.isOver) return 0.5;
    board = turn.board;
  }
}

export type MatchOptions = {
  games: number;
  seed?: number;
  /** How many games are played at once. */
  atOnce?: number;
};

/** What part of so many games a player wins, of which each of the two begins every other one; a draw is half of a win. */
export async function winRate(
  wray: Client,
  player: Player,
  other: Player,
  { games, seed = 1, atOnce = 2 }: MatchOptions,
): Promise<number> {
  let next = 0;
  let points = 0;
  const lane = async () => {
    while (next < games) {
      const game = next++;
      const isFirst = game % 2 === 0;
      const outcome = await play(wray, isFirst ? [player, other] : [other, player], seed * 10_007 + game);
      points += isFirst ? outcome : 1 - outcome;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return points / games;
}
