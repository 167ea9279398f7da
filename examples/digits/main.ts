// Trains on handwritten digits, in this process or on the hosts of a cluster:
//
//   npx asc examples/digits/kernels/logistic.ts -o build/logistic.wasm
//   node build/examples/digits/main.mjs [nats://127.0.0.1:4222]
import { init } from "wray";
import { countRows, loadDigits } from "./data.ts";
import { train } from "./train.ts";

const [servers] = process.argv.slice(2);
const wray = await (servers ? init({ servers }) : init());
const digits = await loadDigits();

const { correctCount } = await train(wray, digits, {
  onIteration(iteration, loss) {
    if (iteration % 10 === 0) console.log(`iteration ${iteration}: loss ${loss.toFixed(3)}`);
  },
});

const accuracy = correctCount / countRows(digits.heldOut);
console.log(`held-out accuracy ${(100 * accuracy).toFixed(1)} %`);
await wray.shutdown();
