import { init } from "wray";
import { type Board, makePlayers, type Turn, winRate } from "../../examples/tree-search/match.ts";
import { train } from "../../examples/tree-search/train.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("tree-search");
/** What games may take beside other tests. */
const slow = { timeoutMs: 120_000 };

async function startSearch(t: TestContext, cpus = 2) {
  const wray = await init({ cpus });
  t.after(() => wray.shutdown());
  return { wray, search: await wray.load<"search">("build/search.wasm") };
}

const empty: Board = { own: 0n, all: 0n };
const untaught = { weights: new Float32Array(0), sizes: [] };
const plan = { simulations: 200, trees: 2, batch: 4, trust: 0 };
const little = { batches: 16, games: 16, simulations: 40, epochs: 12 };

/** The board after these columns, in turn. */
function boardAfter(columns: readonly number[]): Board {
  let board = empty;
  for (const column of columns)
    board = { own: board.own ^ board.all, all: board.all | (board.all + (1n << BigInt(7 * column))) };
  return board;
}

test("flat() plays by the rules: whoever has four in a row has won, and a full board is the end", async (t) => {
  const { wray, search } = await startSearch(t);
  let wins = 0;
  for (let game = 0; game < 12; game++) {
    const grid = Array.from({ length: 7 }, () => [] as number[]);
    let turn: Turn = { column: -1, board: empty, wins: false, isOver: false };
    for (let move = 0; !turn.isOver; move++) {
      turn = await wray.get(search.kernel("flat").remote(turn.board, 7, 100 * game + move));
      grid[turn.column]!.push(move % 2);
      assert.ok(grid[turn.column]!.length <= 6, "a full column");
      assert.is(turn.wins, hasFour(grid));
      assert.is(turn.isOver, turn.wins || move === 41);
      if (turn.wins) wins++;
    }
  }
  assert.ok(wins > 6, `${wins} games were won`);
});

/** Whether four of one player are in a row, as one would look for them on paper. */
function hasFour(grid: readonly number[][]): boolean {
  const directions = [
    [0, 1],
    [1, 0],
    [1, 1],
    [1, -1],
  ] as const;
  return grid.some((cells, x) =>
    cells.some((player, y) =>
      directions.some(([dx, dy]) => [1, 2, 3].every((i) => grid[x + i * dx]?.[y + i * dy] === player)),
    ),
  );
}

test("decide() takes a win, and stops the other one's", async (t) => {
  const { wray, search } = await startSearch(t);
  const decide = search.kernel("decide");
  const { weights, sizes } = untaught;
  for (const [columns, expected, isWon] of [
    [[0, 6, 0, 6, 0, 6], 0, true],
    [[1, 6, 2, 6, 3, 6, 5], 6, true],
    [[3, 0, 3, 0, 3], 3, false],
  ] as const) {
    const board = boardAfter(columns);
    const { column, wins } = await wray.get(
      decide.remote(board, { ...plan, simulations: 1_000 }, weights, sizes, 1),
    );
    assert.equal([column, wins], [expected, isWon], `${columns}`);
  }
});

test("decide() and flat() fail when the game is over", async (t) => {
  const { wray, search } = await startSearch(t);
  const board = boardAfter([0, 1, 0, 1, 0, 1, 0]);
  const { weights, sizes } = untaught;
  const decided = search.kernel("decide").remote(board, plan, weights, sizes, 1);
  for (const ref of [decided, search.kernel("flat").remote(board, 10, 1)]) {
    const error = await rejects(wray.get(ref), "TASK_ERROR");
    assert.match(error.message, "the game is over");
  }
});

test("train() teaches a network to tell outcomes better than by how often there are any", async (t) => {
  const { wray, search } = await startSearch(t);
  const network = await train(wray, little);
  const [{ outcomes }, weights] = await wray.get([
    search.kernel("selfPlay").remote(little.games, little.simulations, 1_000_003 + little.batches),
    network.weights,
  ]);
  const often = Math.max(...[0, 1, 2].map((of) => outcomes.filter((outcome) => outcome === of).length));
  assert.ok(
    network.accuracy > often / outcomes.length + 0.04,
    `${network.accuracy}, ${often / outcomes.length}`,
  );
  assert.equal(await wray.get((await train(wray, little)).weights), weights, "the same each time");
});

test(
  "a tree beats random games of as many simulations, and one of fewer",
  async (t) => {
    const { wray } = await startSearch(t);
    const network = await train(wray, little);
    const { tree, flat } = await makePlayers(wray);
    const match = { games: 24, seed: 1 };
    const strong = tree(200, { network });
    const againstFlat = await winRate(wray, strong, flat(200), match);
    assert.ok(againstFlat > 0.6, `${againstFlat} against flat`);
    const againstFew = await winRate(wray, strong, tree(25, { network }), match);
    assert.ok(againstFew > 0.75, `${againstFew} against few`);
  },
  slow,
);

test("grow() counts each simulation, and counts otherwise with a network", async (t) => {
  const { wray, search } = await startSearch(t);
  const grow = search.kernel("grow");
  const { weights, sizes } = await train(wray, { ...little, batches: 2, epochs: 2 });
  const counts = (trust: number, seed: number) =>
    wray.get(grow.remote(empty, { ...plan, trust }, 101, weights, sizes, seed));
  const without = await counts(0, 1);
  // The first one is of the position itself.
  assert.is(
    without.reduce((sum, count) => sum + count, 0),
    100,
  );
  assert.not.equal(await counts(0, 2), without);
  assert.not.equal(await counts(0.5, 1), without);
  // Without chance there is nothing that a seed could change.
  assert.equal(await counts(1, 1), await counts(1, 2));
});

test(
  "decide() comes to the same on one worker, on two, and on two hosts",
  async (t) => {
    const cluster = await startCluster(t, { hosts: 2 });
    const two = await startSearch(t);
    const clients = [two.wray, (await startSearch(t, 1)).wray, await cluster.connect()];
    const games = [];
    for (const wray of clients) {
      const search = await wray.load<"search">("build/search.wasm");
      const network = await train(wray, { ...little, batches: 2, epochs: 2 });
      const weights = await wray.get(network.weights);
      const moves: Turn[] = [];
      let board = empty;
      for (let move = 0; move < 6; move++) {
        const ofNetwork = { ...plan, simulations: 60, trust: 0.5 };
        moves.push(
          await wray.get(search.kernel("decide").remote(board, ofNetwork, weights, network.sizes, move)),
        );
        board = moves.at(-1)!.board;
      }
      games.push({ weights, moves });
    }
    assert.equal(games[1], games[0]);
    assert.equal(games[2], games[0]);
  },
  slow,
);
