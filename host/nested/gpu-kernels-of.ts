import type { Control } from "../../scheduler/control/control.ts";
import { fetchModule } from "../../scheduler/control/find-module.ts";

const known = new WeakMap<Control, Map<string, Promise<ReadonlySet<string>>>>();
const none: ReadonlySet<string> = new Set();

/** The names of a module's kernels that run on a GPU. What is wrong with a module, tasks tell: of such, there are none. */
export function gpuKernelsOf(control: Control, sha256: string): Promise<ReadonlySet<string>> {
  let ofControl = known.get(control);
  if (ofControl === undefined) {
    ofControl = new Map();
    known.set(control, ofControl);
  }
  let names = ofControl.get(sha256);
  if (names === undefined) {
    names = namesIn(control, sha256);
    ofControl.set(sha256, names);
  }
  return names;
}

async function namesIn(control: Control, sha256: string): Promise<ReadonlySet<string>> {
  try {
    const { manifest } = await fetchModule(control, sha256);
    return new Set(manifest.kernels.filter(({ gpu }) => gpu !== undefined).map(({ name }) => name));
  } catch {
    known.get(control)?.delete(sha256);
    return none;
  }
}
