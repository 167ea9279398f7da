import { copyFile, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { AdapterSource } from "../wire/messages.ts";
import { chromiumPackage, type SoftwareInstaller, sparticuzPackage } from "./installers.ts";
import { adapterSources, softwareFiles, softwareFolder, softwareIn } from "./sources.ts";

export type SetUp =
  | { isReady: true; adapter: string; isSoftware: boolean }
  /** Everything that was tried. */
  | { isReady: false; reasons: string[] };

export type SetUpOptions = {
  /** Starts an adapter of these, and gives what it is; rejects when there is none. */
  tryOut(sources: AdapterSource[]): Promise<{ name: string; isSoftware: boolean }>;
  /** Called with a line for the user before each step that takes time. */
  onProgress?: (line: string) => void;
  sources?: AdapterSource[];
  /** Where a software adapter is kept. */
  folder?: string;
  installers?: SoftwareInstaller[];
};

/**
 * Sees to it that this machine has an adapter: its own, else a software one, which is unpacked into our cache folder. That
 * needs no rights and changes nothing else. Never throws.
 */
export async function setUpAdapter({
  tryOut,
  onProgress = () => {},
  sources = adapterSources(),
  folder = softwareFolder(process.env),
  installers = [sparticuzPackage, chromiumPackage],
}: SetUpOptions): Promise<SetUp> {
  const reasons: string[] = [];
  const attempt = async (what: string, work: () => Promise<AdapterSource[]>): Promise<SetUp | undefined> => {
    try {
      const { name, isSoftware } = await tryOut(await work());
      return { isReady: true, adapter: name, isSoftware };
    } catch (error) {
      reasons.push(`${what}: ${(error as Error).message}`);
      return undefined;
    }
  };
  let ready = await attempt("what is there", async () => sources);
  for (const installer of installers) {
    if (ready !== undefined) break;
    onProgress(`gpu: unpacking SwiftShader of ${installer.title} into ${folder}`);
    ready = await attempt(installer.title, async () => [await install(installer, folder)]);
  }
  return ready ?? { isReady: false, reasons };
}

/** Keeps only what is needed. Other processes see all of it or nothing. */
async function install({ unpack }: SoftwareInstaller, folder: string): Promise<AdapterSource> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(dirname(folder), ".unpack-"));
  try {
    const from = await unpack(work);
    const kept = join(work, basename(folder));
    await mkdir(kept);
    for (const name of Object.values(softwareFiles)) await copyFile(join(from, name), join(kept, name));
    await rm(folder, { recursive: true, force: true });
    // One that others have put there meanwhile is as good.
    await rename(kept, folder).catch(() => {});
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const source = softwareIn(folder);
  if (source === undefined) throw new Error(`${folder} has no ${softwareFiles.library}`);
  return source;
}
