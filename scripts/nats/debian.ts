import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Installer } from "./cache.ts";
import { messageOf } from "./error.ts";
import { run } from "./run.ts";

/**
 * The Debian package, unpacked and never installed, by root too: installing it enables and starts a service on
 * port 4222, now and after each reboot. Unpacking needs no rights and changes nothing of the system: apt works on
 * lists and caches of its own, with the machine's sources and keys.
 * See docs/decisions/0001-nats-server-without-a-service.md.
 */
export const debianPackage: Installer = { title: "the Debian package", unpack };

async function unpack(folder: string): Promise<string> {
  const config = join(folder, "apt.conf");
  await mkdir(join(folder, "lists/partial"), { recursive: true });
  await mkdir(join(folder, "cache/archives/partial"), { recursive: true });
  await writeFile(join(folder, "status"), "");
  await writeFile(config, aptConfig(folder));
  // A third-party source that is down or unsigned fails the update as a whole, though Debian's list has come.
  const updateFailure = await run("apt-get", ["-c", config, "update"]).then(() => "", messageOf);
  try {
    await run("apt-get", ["-c", config, "download", "nats-server"], { cwd: folder });
  } catch (error) {
    const failures = new Set([updateFailure, messageOf(error)].filter((failure) => failure !== ""));
    throw new Error([...failures].join("; "), { cause: error });
  }
  const archive = (await readdir(folder)).find((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new Error("apt-get download left no .deb file");
  await run("dpkg-deb", ["-x", join(folder, archive), join(folder, "root")]);
  const paths = ["usr/sbin", "usr/bin"].map((place) => join(folder, "root", place, "nats-server"));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`${archive} holds no nats-server`);
  return path;
}

/** Only the list of packages is fetched, and none of the machine's hooks for an update runs. */
const aptConfig = (folder: string) => `
Dir::State "${folder}";
Dir::State::Lists "${folder}/lists";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}/cache";
Dir::Log "${folder}";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb-src::Sources::DefaultEnabled "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`;
