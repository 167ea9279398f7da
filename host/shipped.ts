import actors from "../dist/std/actors.wasm";
import actorsMap from "../dist/std/actors.wasm.map";
import gym from "../dist/std/gym.wasm";
import gymMap from "../dist/std/gym.wasm.map";
import linalg from "../dist/std/linalg.wasm";
import linalgMap from "../dist/std/linalg.wasm.map";
import math from "../dist/std/math.wasm";
import mathMap from "../dist/std/math.wasm.map";
import physics from "../dist/std/physics.wasm";
import physicsMap from "../dist/std/physics.wasm.map";
import tensor from "../dist/std/tensor.wasm";
import tensorMap from "../dist/std/tensor.wasm.map";
import vector from "../dist/std/vector.wasm";
import vectorMap from "../dist/std/vector.wasm.map";
import type { Control, shippedModules } from "../scheduler/control/control.ts";
import { sha256Of } from "../scheduler/manifest/read.ts";

type Shipped = { bytes: Uint8Array<ArrayBuffer>; sourceMap: string };

const shipped: Record<(typeof shippedModules)[number], Shipped> = {
  actors: { bytes: actors, sourceMap: actorsMap },
  gym: { bytes: gym, sourceMap: gymMap },
  linalg: { bytes: linalg, sourceMap: linalgMap },
  math: { bytes: math, sourceMap: mathMap },
  physics: { bytes: physics, sourceMap: physicsMap },
  tensor: { bytes: tensor, sourceMap: tensorMap },
  vector: { bytes: vector, sourceMap: vectorMap },
};

/** What is shipped with its hashes, once: hosts ask for it with every lease that they renew. */
let hashed: Promise<({ name: string; sha256: string } & Shipped)[]> | undefined;

const withHashes = () => {
  hashed ??= Promise.all(
    Object.entries(shipped).map(async ([name, each]) => ({
      ...{ name, ...each },
      sha256: await sha256Of(each.bytes),
    })),
  );
  return hashed;
};

/** Makes the modules that come with wray known to the cluster, under their names and with their source maps. */
export async function publishShipped(control: Control): Promise<void> {
  await Promise.all(
    (await withHashes()).map(async ({ name, sha256, bytes, sourceMap }) => {
      await Promise.all([
        control.putModule(sha256, bytes),
        control.putSourceMap(sha256, new TextEncoder().encode(sourceMap)),
      ]);
      // What is as it should be is not written again.
      if ((await control.findModule(name)) !== sha256) await control.nameModule(name, sha256);
    }),
  );
}
