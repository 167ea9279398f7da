import { readFile, writeFile } from "node:fs/promises";

/** What has been learned, as it is kept in a file of JSON: numbers in it are those that they were, to the last bit. */
export type Policy = {
  env: string;
  /** How many numbers each hidden layer has. */
  hidden: number[];
  theta: number[];
};

export const savePolicy = (path: string, policy: Policy): Promise<void> =>
  writeFile(path, `${JSON.stringify(policy)}\n`);

/** Throws when the file is not there, or is none of a policy. */
export async function loadPolicy(path: string): Promise<Policy> {
  const { env, hidden, theta } = JSON.parse(await readFile(path, "utf8")) as Partial<Policy>;
  const areNumbers = (list: unknown) => Array.isArray(list) && list.every(Number.isFinite);
  if (typeof env !== "string" || !areNumbers(hidden) || !areNumbers(theta)) {
    throw new Error(`${path} is no policy: it must have env, hidden and theta`);
  }
  return { env, hidden: hidden!, theta: theta! };
}
