import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";

/** What the machine has, as apt sees it. */
const machineStatus = "/var/lib/dpkg/status";

/**
 * Downloads a Debian package and unpacks it, which needs no rights and changes nothing of the system: apt works on lists and
 * caches of its own, with the machine's sources and keys.
 * @param folder an empty one, for all of it
 * @param options.withMissing whether packages that it depends on come with it, where the machine lacks them
 * @returns the folder that stands for `/`
 * @throws Error that says why it can't be had
 */
export async function unpackDebianPackage(
  name: string,
  folder: string,
  { withMissing = false }: { withMissing?: boolean } = {},
): Promise<string> {
  const config = join(folder, "apt.conf");
  const archives = join(folder, "cache/archives");
  await mkdir(join(folder, "lists/partial"), { recursive: true });
  await mkdir(join(archives, "partial"), { recursive: true });
  await writeFile(join(folder, "status"), "");
  await writeFile(config, aptConfig(folder, withMissing ? machineStatus : join(folder, "status")));
  // A third-party source that is down or unsigned fails the update as a whole, though Debian's list has come.
  const updateFailure = await run("apt-get", ["-c", config, "update"]).then(
    () => "",
    (error: Error) => error.message,
  );
  const command = withMissing
    ? ["install", "--yes", "--download-only", "--no-install-recommends", name]
    : ["download", name];
  try {
    await run("apt-get", ["-c", config, ...command], { cwd: archives });
  } catch (error) {
    const failures = new Set([updateFailure, (error as Error).message].filter((failure) => failure !== ""));
    throw new Error([...failures].join("; "), { cause: error });
  }
  const packages = (await readdir(archives)).filter((file) => file.endsWith(".deb"));
  if (packages.length === 0) throw new Error("apt-get download left no .deb file");
  const root = join(folder, "root");
  for (const file of packages) await run("dpkg-deb", ["-x", join(archives, file), root]);
  return root;
}

/**
 * Only the list of packages is fetched, and none of the machine's hooks for an update runs. Nothing of the machine is written,
 * so it need not be locked, which only root can do.
 */
const aptConfig = (folder: string, status: string) => `
Dir::State "${folder}";
Dir::State::Lists "${folder}/lists";
Dir::State::status "${status}";
Dir::Cache "${folder}/cache";
Dir::Log "${folder}";
APT::Sandbox::User "root";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb-src::Sources::DefaultEnabled "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`;
