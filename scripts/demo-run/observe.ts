import type { Client } from "wray";

/** A task may lose its host again and again, as often as somebody likes to press the button. */
const maxRetries = 1_000_000;

/**
 * The client for a learning that goes on whatever is killed, and whose best policy can be seen meanwhile: of all arrays, `learn`
 * gets only the parameters of the best trial so far, before it tells of that trial, and the last ones at the end.
 */
export function observe(wray: Client, onBest: (theta: Float64Array) => void): Client {
  const instead: Record<string | symbol, unknown> = {
    async remote(name: string) {
      return (await wray.remote(name)).options({ maxRetries });
    },
    async get(refs: Parameters<Client["get"]>[0]) {
      const value: unknown = await wray.get(refs);
      if (value instanceof Float64Array) onBest(value);
      return value;
    },
  };
  return new Proxy(wray, {
    get(target, name) {
      if (name in instead) return instead[name];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
