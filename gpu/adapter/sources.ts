import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AdapterSource } from "../wire/messages.ts";
import { wrayCache } from "./cache-folder.ts";

/** The files of a software adapter: SwiftShader, how Vulkan finds it, and Vulkan itself, which a machine may lack. */
export const softwareFiles = {
  library: "libvk_swiftshader.so",
  driver: "vk_swiftshader_icd.json",
  loader: "libvulkan.so.1",
} as const;

/** Where an installed Chromium has them, on Debian. */
const chromiumFolder = "/usr/lib/chromium";

/** Where a software adapter that we unpack is kept. */
export const softwareFolder = (env: NodeJS.ProcessEnv): string => join(wrayCache(env), "swiftshader");

/** The software adapter of a folder, if it has one. */
export function softwareIn(folder: string): (AdapterSource & { kind: "software" }) | undefined {
  const [library, driver, loader] = Object.values(softwareFiles).map((name) => join(folder, name));
  if (!existsSync(library!) || !existsSync(driver!)) return undefined;
  return { kind: "software", driver: driver!, ...(existsSync(loader!) && { loader: loader! }) };
}

/** Where to look for an adapter on this machine: its hardware first. Nothing is downloaded. */
export function adapterSources(env: NodeJS.ProcessEnv = process.env): AdapterSource[] {
  const software = [softwareFolder(env), chromiumFolder].map(softwareIn);
  return [{ kind: "system" }, ...software.filter((source) => source !== undefined)];
}
