import { existsSync } from "node:fs";
import { join } from "node:path";
import { unpackDebianPackage } from "../../gpu/adapter/debian.ts";
import type { Installer } from "./cache.ts";

/**
 * The Debian package, unpacked and never installed, by root too: installing it enables and starts a service on
 * port 4222, now and after each reboot.
 * See docs/decisions/0001-nats-server-without-a-service.md.
 */
export const debianPackage: Installer = { title: "the Debian package", unpack };

async function unpack(folder: string): Promise<string> {
  const root = await unpackDebianPackage("nats-server", folder);
  const paths = ["usr/sbin", "usr/bin"].map((place) => join(root, place, "nats-server"));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error("the package holds no nats-server");
  return path;
}
