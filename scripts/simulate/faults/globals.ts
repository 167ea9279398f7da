import { Decoder } from "@msgpack/msgpack";
import { Views } from "../../../host/objects/views.ts";
import { SimulatedTimer } from "./process.ts";
import type { World } from "./world.ts";

type Timers = Pick<typeof globalThis, "setTimeout" | "setInterval" | "clearTimeout" | "clearInterval">;

/** The decoder keeps the keys of maps that it has seen, and draws a random number for which to forget. */
const { caches } = (new Decoder() as unknown as { keyDecoder: { caches: unknown[][] } }).keyDecoder;
const forgetKeys = () => {
  for (const cache of caches) cache.length = 0;
};

/**
 * From now on the time and the chance of this thread are those of a world: its timers, clocks, random numbers and ids.
 * Returns how to have the real ones back.
 */
export function enter(world: World): () => void {
  const real = {
    ...{ setTimeout, setInterval, clearTimeout, clearInterval },
    ...{ now: Date.now, random: Math.random, rss: process.memoryUsage.rss, error: console.error },
  };
  const { collect } = Views.prototype;
  const chance = world.chance("program");
  forgetKeys();
  const set =
    (repeats: boolean) =>
    (action: (...args: unknown[]) => void, ms = 1, ...args: unknown[]) =>
      world.setTimer(ms, () => action(...args), repeats);
  const clear = (timer: unknown) => {
    if (timer instanceof SimulatedTimer) timer.clear();
    else real.clearTimeout(timer as NodeJS.Timeout);
  };
  const replaced: Timers = {
    setTimeout: set(false) as unknown as typeof setTimeout,
    setInterval: set(true) as unknown as typeof setInterval,
    clearTimeout: clear as typeof clearTimeout,
    clearInterval: clear as typeof clearInterval,
  };
  Object.assign(globalThis, replaced);
  // Views are no part of the simulation, and what is garbage is no part of the seed.
  Views.prototype.collect = () => {};
  performance.now = () => world.nowMs;
  Date.now = () => 1_700_000_000_000 + Math.floor(world.nowMs);
  Math.random = chance;
  process.memoryUsage.rss = () => 0;
  // What hosts say of their clients is no failure; what ends with an error is.
  console.error = (...said: unknown[]) => {
    if (said.at(-1) instanceof Error) world.crashes.push(said.at(-1));
  };
  Object.defineProperty(crypto, "getRandomValues", {
    configurable: true,
    value: (bytes: Uint8Array) => bytes.map((_, index) => (bytes[index] = Math.floor(256 * chance()))),
  });
  const onRejection = (error: unknown) => void world.crashes.push(error);
  process.on("unhandledRejection", onRejection);
  return () => {
    process.off("unhandledRejection", onRejection);
    const { now, random, rss, error, ...timers } = real;
    Object.assign(globalThis, timers);
    Reflect.deleteProperty(performance, "now");
    Reflect.deleteProperty(crypto, "getRandomValues");
    Date.now = now;
    Math.random = random;
    process.memoryUsage.rss = rss;
    console.error = error;
    Views.prototype.collect = collect;
  };
}
