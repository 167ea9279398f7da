// Teaches a robot to run, in this process or on the hosts of a cluster, and writes down the policy and how it was learned:
//
//   node build/examples/learn-to-run/main.mjs walker --out run
//   node build/examples/learn-to-run/main.mjs cart-pole --servers nats://127.0.0.1:4222
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { init } from "wray";
import { evaluate, learn } from "./learn.ts";
import { savePolicy } from "./policy.ts";
import { presets } from "./presets.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    servers: { type: "string" },
    /** Another number learns another policy. */
    seed: { type: "string", default: "1" },
    generations: { type: "string" },
    algorithm: { type: "string", default: "search" },
    /** How many a generation has: with fewer, let more generations follow each other. */
    pairs: { type: "string" },
    overlap: { type: "string", default: "1" },
    quorum: { type: "string", default: "1" },
    /** Where to, as `<out>.policy.json` and `<out>.curve.json`. */
    out: { type: "string" },
  },
});
const [env = "walker"] = positionals;
const preset = presets[env];
if (preset === undefined) throw new Error(`there are ${Object.keys(presets).join(", ")}, and no ${env}`);

const wray = await (values.servers === undefined ? init() : init({ servers: values.servers }));
const { policy, best, trials } = await learn(wray, {
  ...preset,
  seed: Number(values.seed),
  algorithm: values.algorithm === "strategy" ? "strategy" : "search",
  ...(values.generations !== undefined && { generations: Number(values.generations) }),
  ...(values.pairs !== undefined && { pairs: Number(values.pairs) }),
  overlap: Number(values.overlap),
  quorum: Number(values.quorum),
  onTrial({ generation, seconds, score, distance, ended }) {
    const fell = `${Math.round(100 * ended)} % ended early`;
    console.log(
      `${seconds.toFixed(1)} s, generation ${generation}: score ${score.toFixed(1)}, ${distance.toFixed(1)} m, ${fell}`,
    );
  },
});
const { score, distance, ended } = await evaluate(
  wray,
  { ...policy, theta: Float64Array.from(policy.theta) },
  100,
);
console.log(
  `the policy of generation ${best.generation} in 100 episodes: score ${score.toFixed(1)}, ` +
    `${distance.toFixed(1)} m, ${Math.round(100 * ended)} % ended early`,
);
if (values.out !== undefined) {
  await savePolicy(`${values.out}.policy.json`, policy);
  await writeFile(`${values.out}.curve.json`, `${JSON.stringify(trials)}\n`);
}
await wray.shutdown();
