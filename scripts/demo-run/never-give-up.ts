import type { Client } from "wray";

/** A task may lose its host again and again, as often as somebody likes to press the button. */
const maxRetries = 1_000_000;

/** The client for a learning that goes on whatever is killed. */
export function neverGiveUp(wray: Client): Client {
  const remote = async (name: string) => (await wray.remote(name)).options({ maxRetries });
  return new Proxy(wray, {
    get(target, name) {
      if (name === "remote") return remote;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
