import linalg from "../dist/std/linalg.wasm";
import math from "../dist/std/math.wasm";
import physics from "../dist/std/physics.wasm";
import vector from "../dist/std/vector.wasm";
import type { Control, shippedModules } from "../scheduler/control/control.ts";
import { sha256Of } from "../scheduler/manifest/read.ts";

const shipped: Record<(typeof shippedModules)[number], Uint8Array<ArrayBuffer>> = {
  linalg,
  math,
  physics,
  vector,
};

/** Makes the modules that come with wray known to the cluster, under their names. */
export async function publishShipped(control: Control): Promise<void> {
  await Promise.all(
    Object.entries(shipped).map(async ([name, bytes]) => {
      const sha256 = await sha256Of(bytes);
      await control.putModule(sha256, bytes);
      // Hosts come here with every lease that they renew: what is as it should be is not written again.
      if ((await control.findModule(name)) !== sha256) await control.nameModule(name, sha256);
    }),
  );
}
