import { controlBytes } from "../../host/ring/control.ts";
import { prepareModule } from "../../host/wasm/prepare.ts";
import { Collectives } from "../../host/worker/collectives.ts";
import type { Guest } from "../../host/worker/guest.ts";
import { HostFunctions } from "../../host/worker/host-functions.ts";
import { Instance } from "../../host/worker/instance.ts";
import { KeptInstances } from "../../host/worker/kept-instances.ts";
import { Mesh } from "../../host/worker/mesh.ts";
import type { WorkerModule } from "../../host/worker/messages.ts";
import { Meter } from "../../host/worker/meter.ts";
import { Nested } from "../../host/worker/nested.ts";
import { Sandbox } from "../../host/worker/sandbox.ts";
import { openModule } from "../../scheduler/manifest/read.ts";
import { defaultGrant, defaultLimits, type Limits } from "../../scheduler/protocol/limits.ts";
import { decodeValue, encodeValue } from "../../scheduler/protocol/value.ts";

/** A module as a host gives it to its workers; `preempt` says whether with checks, whatever its manifest says. */
export async function prepared(
  bytes: Uint8Array<ArrayBuffer>,
  options: { preempt?: boolean } = {},
): Promise<WorkerModule> {
  const { sha256, manifest } = await openModule(bytes);
  const { preempt = manifest.preempt ?? true } = options;
  const {
    bytes: rewritten,
    memory,
    stateless,
    isReusable,
  } = prepareModule(bytes, { preempt, tableEntries: 100 });
  return { sha256, manifest, memory, stateless, isReusable, wasm: new WebAssembly.Module(rewritten) };
}

/** A worker's sandboxes, without a thread of their own. */
export type Worker = {
  /** Runs a task and returns its result, as the program that has submitted it gets it. */
  run(module: WorkerModule, kernel: string, args?: unknown[], limits?: Partial<Limits>): unknown;
  /** A new instance, with so much memory, or as much as its module asks for. */
  instantiate(module: WorkerModule, memoryBytes?: number): Instance;
  /** What the last task has left to the next. */
  lastKept(): Instance;
  /** How many instances have been made so far. */
  instanceCount(): number;
};

export function openWorker(): Worker {
  const control = new Int32Array(new SharedArrayBuffer(controlBytes));
  const meter = new Meter(control);
  // Whoever asks for what comes from outside of the thread would wait for ever.
  const outside = { meter, control, post: () => {}, receive: () => undefined };
  const nested = new Nested(outside);
  const collectives = new Collectives(
    new Mesh({ ...outside, index: 0, wake() {}, ofFile: () => undefined as never }),
  );
  let instanceCount = 0;
  class CountedHostFunctions extends HostFunctions {
    override importsFor(guest: Guest, module: WorkerModule): WebAssembly.Imports {
      instanceCount++;
      return super.importsFor(guest, module);
    }
  }
  const host = new CountedHostFunctions({ ...outside, nested, collectives });
  let last: Instance | undefined;
  class WatchedInstances extends KeptInstances {
    override keep(instance: Instance): void {
      last = instance;
      super.keep(instance);
    }
  }
  const kept = new WatchedInstances();
  let taskCount = 0;
  const begin = (module: WorkerModule, kernel: string, limits: Partial<Limits>) => {
    const id = `task ${++taskCount}`;
    const call = {
      ...{ seed: id, sha256: module.sha256, kernel, depth: 0 },
      ...{ limits: { ...defaultLimits, ...limits }, grant: defaultGrant },
    };
    meter.begin(kernel, taskCount, call.limits);
    host.begin(kernel, call);
    nested.begin(kernel, call);
    return call;
  };
  return {
    run(module, kernel, args = [], limits = {}) {
      const call = begin(module, kernel, limits);
      const sandbox = new Sandbox(module, host, kept);
      return decodeValue(
        sandbox.run(
          call,
          args.map((arg) => encodeValue(arg)),
        ),
      );
    },
    instantiate(module, memoryBytes) {
      begin(module, "start", {});
      const pages = memoryBytes === undefined ? module.memory?.initialPages : memoryBytes / 65_536;
      return new Instance("", module, host, pages ?? 0, 1_000);
    },
    lastKept: () => last!,
    instanceCount: () => instanceCount,
  };
}
