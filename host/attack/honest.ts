import type { Client } from "../../scheduler/client/client.ts";

/** Whether an honest task got its answer: undefined, or what was wrong. */
export type Honest = () => Promise<string | undefined>;

/** How many elements the vectors of honest tasks have. */
const length = 64;

/**
 * Tasks of someone who means no harm, with arguments that no two have in common: whatever an attack leaves behind must
 * not show in their answers.
 */
export async function honestTasks(client: Client, random: () => number): Promise<Honest> {
  const [add, dot] = await Promise.all([client.remote("math/add"), client.remote("vector/dot")]);
  const integer = () => Math.floor(random() * 1_000_000);
  return async () => {
    const [a, b] = [integer(), integer()];
    const [x, y] = [Float64Array.from({ length }, integer), Float64Array.from({ length }, integer)];
    // Integers, whose products and sums are exact in any order.
    const product = x.reduce((sum, each, index) => sum + each * y[index]!, 0);
    try {
      const answers = await client.get([add.remote(a, b), dot.remote(x, y)]);
      if (answers[0] === a + b && answers[1] === product) return undefined;
      return `answered ${answers}, not ${[a + b, product]}`;
    } catch (error) {
      return String(error);
    }
  };
}
