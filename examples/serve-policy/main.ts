// Serves the policy of the walker, in this process or on a host of a cluster, and lets it run for 10 s of its time:
//
//   node build/examples/serve-policy/main.mjs [nats://127.0.0.1:4222]
import { init } from "wray";
import { playServed, servePolicy } from "./serve.ts";

const [servers] = process.argv.slice(2);
const wray = await (servers ? init({ servers }) : init());
const served = await servePolicy(wray);
const { score, decisionMs } = await playServed(wray, served, 1);
const sorted = decisionMs.toSorted((a, b) => a - b);
const us = (part: number) => `${(1_000 * sorted[Math.floor(part * (sorted.length - 1))]!).toFixed(0)} µs`;
console.log(
  `${decisionMs.length} decisions, each within ${us(0.5)} (p50) or ${us(0.99)} (p99): score ${score.toFixed(1)}`,
);
await wray.shutdown();
