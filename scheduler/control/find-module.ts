import { type OpenModule, openModule } from "../manifest/read.ts";
import { KernelNotFoundError, ModuleNotFoundError, ModuleRejectedError } from "../protocol/errors.ts";
import { isFunctionName, isName } from "../protocol/subjects.ts";
import type { Control } from "./control.ts";

/**
 * A module is called by its name, and its name is a key in the cluster's store.
 * @throws ModuleRejectedError when that can't be
 */
export function checkModuleName(module: string, source: string): void {
  if (isName(module)) return;
  throw new ModuleRejectedError(`${source} calls itself ${JSON.stringify(module)}, which can't be called`, {
    remedy: "Name its source file with 1 to 64 letters, digits, _ and -, and compile it again.",
    data: { module },
  });
}

type Parsed = { module: string; name: string };

/** Splits `module/function`. @throws KernelNotFoundError when it is not of that form */
export function parseKernelName(kernel: string): Parsed {
  const parsed = parse(kernel);
  if (parsed !== undefined) return parsed;
  throw new KernelNotFoundError(`${JSON.stringify(kernel)} names no kernel`, {
    remedy: "Write module/function, such as math/add.",
    data: { kernel },
  });
}

/** Splits `module/class`. @throws KernelNotFoundError when it is not of that form */
export function parseActorName(actor: string): Parsed {
  const parsed = parse(actor);
  if (parsed !== undefined) return parsed;
  throw new KernelNotFoundError(`${JSON.stringify(actor)} names no actor class`, {
    remedy: "Write module/class, such as actors/Counter.",
    data: { actor },
  });
}

function parse(text: string): Parsed | undefined {
  const [module = "", name = "", ...rest] = text.split("/");
  return isName(module) && isFunctionName(name) && rest.length === 0 ? { module, name } : undefined;
}

/** The hash that a module goes by: a name is looked up, a hash is taken as it is. */
export async function findModule(control: Control, module: string): Promise<string> {
  const sha256 = /^[0-9a-f]{64}$/.test(module) ? module : await control.findModule(module);
  if (sha256 !== undefined) return sha256;
  throw new ModuleNotFoundError(`the cluster has no module ${JSON.stringify(module)}`, {
    remedy: "Load its .wasm file once with `load`; modules that come with wray need one host to have joined.",
    data: { module },
  });
}

/**
 * Fetches a module.
 * @throws ModuleNotFoundError when the cluster does not have it
 * @throws ModuleRejectedError when what the cluster has under this hash is something else, or no module
 */
export async function fetchModule(
  control: Control,
  sha256: string,
  maxModuleBytes = Number.POSITIVE_INFINITY,
): Promise<OpenModule> {
  const bytes = await control.getModule(sha256);
  if (bytes === undefined) {
    throw new ModuleNotFoundError(`the cluster has no module with the sha-256 ${sha256}`, {
      remedy: "Load its .wasm file with `load`.",
      data: { module: sha256 },
    });
  }
  if (bytes.byteLength > maxModuleBytes) {
    throw new ModuleRejectedError(
      `module ${sha256} has ${bytes.byteLength} bytes; its host takes ${maxModuleBytes}`,
      {
        remedy: "Make it smaller, or start the host with a larger --max-module-bytes.",
        data: { limit: "maxModuleBytes", maxModuleBytes, bytes: bytes.byteLength },
      },
    );
  }
  const opened = await openModule(bytes, `module ${sha256}`);
  if (opened.sha256 === sha256) return opened;
  throw new ModuleRejectedError(`module ${sha256} was altered: its sha-256 is ${opened.sha256}`, {
    remedy: "Find out who can write to the cluster's object store; then load the module again.",
    data: { expected: sha256, actual: opened.sha256 },
  });
}
