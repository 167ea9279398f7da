import { execFileSync } from "node:child_process";
import type { TestContext } from "./suite.ts";

/** Packets to this address reach nobody. */
const nobody = "02:00:00:00:00:01";
/** Names of interfaces have at most 15 characters. */
const prefix = "wray";

/** A network of its own that is joined to this machine's by one cable. */
export type Network = {
  /** Our end of the cable, and the other. */
  here: string;
  there: string;
  /** What to put before a command that is to run there. */
  by: string[];
  cut(how: Cut): void;
  heal(): void;
};

/** A cable that is pulled, or packets that vanish on their way there, from there, or both ways. */
export type Cut = "unplugged" | "to" | "from" | "both";

const ip = (...args: string[]) => execFileSync("ip", args, { stdio: ["ignore", "pipe", "pipe"] }).toString();

/** Why there can be no networks of their own here; undefined if there can be. */
export function whyNoNetworks(): string | undefined {
  const name = `${prefix}-try-${process.pid}`;
  try {
    ip("netns", "add", name);
    ip("link", "add", "wray-try", "netns", name, "type", "veth", "peer", "name", "wray-tried", "netns", name);
    return undefined;
  } catch (error) {
    return `no network namespaces: ${(error as Error).message.trim().split("\n").at(-1)}`;
  } finally {
    quietly("netns", "del", name);
  }
}

/** Makes a network, which goes with the test. */
export function makeNetwork({ after }: Pick<TestContext, "after">): Network {
  removeStale();
  const name = `${prefix}-${process.pid}`;
  const [cable, end] = [`${prefix}${process.pid}`, "wray0"];
  // A network of two addresses that no other process of this kind has.
  const low = (process.pid % 16_000) * 4;
  const [here, there] = [1, 2].map((last) => `10.213.${low >> 8}.${(low & 255) + last}`) as [string, string];
  const inside = (...args: string[]) => ip("-n", name, ...args);
  const lose = (how: Cut) => {
    if (how !== "from") ip("neigh", "replace", there, "lladdr", nobody, "dev", cable, "nud", "permanent");
    if (how !== "to") inside("neigh", "replace", here, "lladdr", nobody, "dev", end, "nud", "permanent");
  };

  after(() => {
    quietly("netns", "del", name);
    quietly("link", "del", cable);
  });
  ip("netns", "add", name);
  ip("link", "add", cable, "type", "veth", "peer", "name", end, "netns", name);
  ip("addr", "add", `${here}/30`, "dev", cable);
  inside("addr", "add", `${there}/30`, "dev", end);
  ip("link", "set", cable, "up");
  inside("link", "set", end, "up");
  inside("link", "set", "lo", "up");
  return {
    ...{ here, there },
    by: ["ip", "netns", "exec", name],
    cut(how) {
      // The end there: ours would take its address with it.
      if (how === "unplugged") inside("link", "set", end, "down");
      else lose(how);
    },
    heal() {
      inside("link", "set", end, "up");
      ip("neigh", "flush", "dev", cable, "nud", "permanent");
      inside("neigh", "flush", "dev", end, "nud", "permanent");
    },
  };
}

/** Removes what processes left that were killed; a cable goes with its network. */
function removeStale(): void {
  for (const line of ip("netns", "list").split("\n")) {
    const [name, pid] = /^wray-(?:try-)?(\d+)/.exec(line) ?? [];
    if (name !== undefined && !isAlive(Number(pid))) quietly("netns", "del", name);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function quietly(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // It is gone already.
  }
}
