import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where what wray fetches for a machine is kept: `$XDG_CACHE_HOME/wray`, by default below `~/.cache`. */
export function wrayCache(env: NodeJS.ProcessEnv): string {
  const xdg = env.XDG_CACHE_HOME;
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(env.HOME || homedir(), ".cache");
  return join(base, "wray");
}
