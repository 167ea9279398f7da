import type { Client } from "wray";
import { loadPolicy } from "../learn-to-run/policy.ts";

/** The policy that comes with the example that has learned it. */
export const walkerPath = "examples/learn-to-run/walker.policy.json";

/** Starts an actor that decides as a policy does that was learned. */
export async function servePolicy(
  wray: Client,
  { path = walkerPath, module = "build/serving.wasm" }: { path?: string; module?: string } = {},
) {
  const { env, hidden, theta } = await loadPolicy(path);
  const PolicyServer = (await wray.load<"serving">(module)).actor("PolicyServer");
  return { env, server: PolicyServer.remote(env, Int32Array.from(hidden), Float64Array.from(theta)) };
}

export type Episode = {
  score: number;
  /** How long each decision took, from the observation to the action, in ms. */
  decisionMs: number[];
};

/** An episode in which another actor has the environment, and this program asks for each action. */
export async function playServed(
  wray: Client,
  { env, server }: Awaited<ReturnType<typeof servePolicy>>,
  seed: number,
): Promise<Episode> {
  const environment = (await wray.actor("gym/Environment")).remote(env, seed);
  let observation = await wray.get(environment.observe.remote());
  const episode: Episode = { score: 0, decisionMs: [] };
  for (let isOver = false; !isOver; ) {
    const startMs = performance.now();
    const action = await wray.get(server.decide.remote(observation));
    episode.decisionMs.push(performance.now() - startMs);
    const step = await wray.get(environment.step.remote(action));
    observation = step.observation;
    episode.score += step.reward;
    isOver = step.ended || step.truncated;
  }
  return episode;
}
