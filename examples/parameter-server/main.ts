// Trains on handwritten digits with a parameter server, an actor that comes with wray, in rounds and then with no barrier
// between its workers; in this process or on the hosts of a cluster:
//
//   npx asc examples/digits/kernels/logistic.ts -o build/logistic.wasm
//   node build/examples/parameter-server/main.mjs [nats://127.0.0.1:4222]
import { init } from "wray";
import { countRows, loadDigits } from "../digits/data.ts";
import { train } from "./train.ts";

const [servers] = process.argv.slice(2);
const wray = await (servers ? init({ servers }) : init());
const digits = await loadDigits({ shardCount: 90 });
const workers = wray.nodes().reduce((sum, { cpus }) => sum + cpus, 0);

for (const inRounds of [true, false]) {
  const { correctCount, stepCount } = await train(wray, digits, { workers, inRounds });
  const accuracy = correctCount / countRows(digits.heldOut);
  const way = inRounds ? "in rounds" : "with no barrier";
  console.log(`${way}: held-out accuracy ${(100 * accuracy).toFixed(1)} % after ${stepCount} steps`);
}
await wray.shutdown();
