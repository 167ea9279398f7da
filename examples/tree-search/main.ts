// Plays Connect Four by Monte-Carlo tree search, in this process or on the hosts of a cluster, and tells by how much it is better
// than random games alone:
//
//   node build/examples/tree-search/main.mjs --games 40
//   node build/examples/tree-search/main.mjs --servers nats://127.0.0.1:4222
import { parseArgs } from "node:util";
import { init } from "wray";
import { makePlayers, winRate } from "./match.ts";
import { train } from "./train.ts";

const { values } = parseArgs({
  options: {
    servers: { type: "string" },
    games: { type: "string", default: "40" },
    /** How many simulations a move is searched by. */
    budgets: { type: "string", default: "50,100,200,400" },
    /** Another number learns another network, and plays other games. */
    seed: { type: "string", default: "1" },
  },
});
const match = { games: Number(values.games), seed: Number(values.seed) };

const wray = await (values.servers === undefined ? init() : init({ servers: values.servers }));
const seconds = () => `${(performance.now() / 1_000).toFixed(1)} s`;
const network = await train(wray, { seed: match.seed });
console.log(`${seconds()}: the network tells ${(100 * network.accuracy).toFixed(1)} % of outcomes`);

const { tree, flat } = await makePlayers(wray);
for (const budget of values.budgets.split(",").map(Number)) {
  const player = tree(budget, { network });
  for (const [name, other] of [
    [`flat ${budget}`, flat(budget)],
    ["flat 200", flat(200)],
    ["the same without the network", tree(budget)],
    ["the same in one tree", tree(budget, { network, trees: 1 })],
  ] as const) {
    const rate = await winRate(wray, player, other, match);
    console.log(`${seconds()}: ${budget} simulations against ${name}: ${(100 * rate).toFixed(1)} %`);
  }
}
await wray.shutdown();
