// Learns to hold up the cart-pole by proximal policy optimisation, in this process or on the hosts of a cluster:
//
//   node build/examples/ppo/main.mjs --seed 1
//   node build/examples/ppo/main.mjs --servers nats://127.0.0.1:4222 --variant gpu
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { init } from "wray";
import { learn, tryOut } from "./learn.ts";

const { values } = parseArgs({
  options: {
    servers: { type: "string" },
    /** Another number learns another policy. */
    seed: { type: "string", default: "1" },
    learners: { type: "string", default: "2" },
    variant: { type: "string" },
    /** Where to the curve goes, as JSON. */
    curve: { type: "string" },
  },
});

const wray = await (values.servers === undefined ? init() : init({ servers: values.servers }));
const { weights, sizes, iterations } = await learn(wray, {
  seed: Number(values.seed),
  learners: Number(values.learners),
  until: 495,
  ...(values.variant !== undefined && { variant: values.variant }),
  onIteration({ iteration, seconds, steps, meanSteps, trialSteps }) {
    if (trialSteps === undefined) return;
    const told = `${meanSteps.toFixed(0)} in rollouts, ${trialSteps.toFixed(1)} in a trial`;
    console.log(
      `${seconds.toFixed(1)} s, iteration ${iteration}, ${steps} steps: the pole stays up for ${told}`,
    );
  },
});
// Other episodes than those by which learning was ended.
const mean = await tryOut(wray, { weights, sizes }, 100, 1);
console.log(`in 100 other episodes the pole stays up for ${mean.toFixed(1)} of 500 steps`);
if (values.curve !== undefined) await writeFile(values.curve, `${JSON.stringify(iterations)}\n`);
await wray.shutdown();
