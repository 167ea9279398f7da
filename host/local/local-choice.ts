import type { Streaming, Target } from "../../scheduler/client/backend.ts";
import { sizeClassOf, type VariantTimes } from "../../scheduler/placement/variant-times.ts";
import { decodeValue } from "../../scheduler/protocol/value.ts";
import { numberBytes } from "../../scheduler/protocol/value-format.ts";
import type { LocalBackend } from "./local-backend.ts";
import { LocalGpuTask, storedOf } from "./local-gpu-task.ts";
import { LocalObject } from "./local-object.ts";
import type { LocalTarget } from "./local-target.ts";
import { type LocalArg, LocalTask } from "./local-task.ts";

/** A kernel that can be run in several ways on an embedded host. */
export class LocalChoice implements Target {
  readonly #backend: LocalBackend;
  readonly #targets: readonly LocalTarget[];
  readonly #times: VariantTimes;

  constructor(backend: LocalBackend, targets: readonly LocalTarget[], times: VariantTimes) {
    this.#backend = backend;
    this.#targets = targets;
    this.#times = times;
    backend.pool.time();
    // Until it is known whether there is one, tasks are run in other ways.
    backend.gpu.open().catch(() => {});
  }

  submit(given: readonly unknown[]): LocalObject {
    const pending = given.filter((arg) => arg instanceof LocalObject && sizeOf(arg) === undefined);
    return pending.length === 0 ? this.#submit(given) : this.#submitLater(given, pending as LocalObject[]);
  }

  stream(given: readonly unknown[]): Streaming {
    return this.#targets[0]!.stream(given);
  }

  map(...call: Parameters<Target["map"]>): LocalObject {
    return this.#targets[0]!.map(...call);
  }

  #submit(given: readonly unknown[]): LocalObject {
    const size = sizeClassOf(given.reduce<number>((sum, arg) => sum + bytesOf(arg), 0));
    const { target, timedAs } = this.#times.pick(this.#ways(size));
    const object = target.submit(given);
    const { task } = object;
    // As they were when it was submitted.
    if (task instanceof LocalGpuTask) task.otherwise = () => this.#submit(task.args.map(valueOfArg));
    object.whenReady({
      ready: () => {
        if ((task instanceof LocalTask || task instanceof LocalGpuTask) && task.ranMs > 0)
          this.#times.measured(timedAs, "", task.ranMs);
      },
    });
    return object;
  }

  #ways(size: number) {
    const hasGpu = this.#backend.gpu.adapter !== undefined;
    const able = this.#targets.filter(({ isGpu }) => hasGpu || !isGpu);
    return (able.length > 0 ? able : this.#targets).map((target) => ({
      ...{ target, timedAs: `${target.label} 2^${size}` },
      ...{ hostId: "", otherMs: 0 },
    }));
  }

  /** What it takes decides how it is run, and is not known yet. */
  #submitLater(args: readonly unknown[], pending: readonly LocalObject[]): LocalObject {
    const result = this.#backend.newResult();
    // What the program does to its arrays meanwhile is not seen.
    const given = args.map((arg) => (ArrayBuffer.isView(arg) ? this.#backend.put(arg) : arg));
    const objects = given.filter((arg) => arg instanceof LocalObject);
    for (const object of objects) object.use();
    this.#backend.coming.add(result);
    result.task = {
      cancel: (error = this.#backend.cancelled(result, this.#targets[0]!.label)) =>
        result.settle({ kind: "failed", error }),
    };
    let missing = pending.length;
    const oneMore = () => {
      if (--missing > 0) return;
      this.#backend.coming.delete(result);
      if (!result.isReady) result.becomes(this.#submit(given));
      for (const object of objects) object.unuse();
    };
    for (const object of pending) object.whenReady({ ready: oneMore });
    return result;
  }
}

const valueOfArg = (arg: LocalArg) => (arg instanceof Uint8Array ? decodeValue(arg) : arg);

function bytesOf(arg: unknown): number {
  if (arg instanceof LocalObject) return sizeOf(arg) ?? 0;
  return ArrayBuffer.isView(arg) ? arg.byteLength : numberBytes;
}

/** What an object takes, as far as it is known: of what the GPU makes, before it has. */
function sizeOf(object: LocalObject): number | undefined {
  const { content } = object;
  switch (content.kind) {
    case "pending":
      return storedOf(object)?.byteLength;
    case "bytes":
      return content.encoded.byteLength;
    case "stored":
      return content.object.byteLength;
    default:
      return numberBytes;
  }
}
