import { arrayOf } from "../../scheduler/protocol/array-of.ts";
import { fromWireError, ShutdownError, type WireError } from "../../scheduler/protocol/errors.ts";
import type { KernelSignature, ScalarType } from "../../scheduler/protocol/manifest.ts";
import { encodeValue, ValuePlan } from "../../scheduler/protocol/value.ts";
import { headerBytes, tagOf, typedArrayClasses } from "../../scheduler/protocol/value-format.ts";
import type { StoredObject } from "../objects/stored-object.ts";
import { Call, type CallEnd } from "../pool/call.ts";
import type { Site } from "../pool/site.ts";
import { type ItemWriter, numberItemBytes, segmentItemBytes } from "../ring/items.ts";
import type { Said } from "../worker/messages.ts";
import type { LocalBackend } from "./local-backend.ts";
import type { LocalObject } from "./local-object.ts";
import { type LocalTaskOptions, writeObject } from "./local-task.ts";
import { storeOverflow } from "./store-overflow.ts";

/** So many chunks for each cpu: who is done early takes from those that are left. */
const chunksPerCpu = 8;
/** What the items of a chunk take beside the arguments: where it begins, how many, and where the results go. */
const chunkItemBytes = 2 * numberItemBytes + segmentItemBytes;
/** Calls of one chunk, at most: what waits behind it waits no longer than for these. */
const mostCalls = 65_536;

/**
 * The calls of a map. Workers get them in chunks, each of which is one call to the pool, and write their results into
 * the same object.
 */
export class MapTask {
  readonly site: Site;
  readonly args: readonly (number | LocalObject)[];
  readonly options: LocalTaskOptions;
  readonly result: LocalObject;
  readonly output: StoredObject;
  readonly #backend: LocalBackend;
  readonly #count: number;
  readonly #pinned: StoredObject[];
  /** Copies of those arguments that have no room in a slot. */
  readonly moved: ReadonlyMap<LocalObject, StoredObject>;
  #chunks: MapChunk[] = [];
  #runningCount = 0;
  #retryCount = 0;
  #error: Error | undefined;

  /**
   * @param args those that are the same for each call, and objects that are arrays of `count` elements; it frees these
   * @throws ObjectStoreFullError, OutOfDiskError when there is no room for the results
   */
  constructor(
    backend: LocalBackend,
    site: Site,
    result: LocalObject,
    args: readonly (number | LocalObject)[],
    count: number,
    options: LocalTaskOptions,
  ) {
    this.#backend = backend;
    this.site = site;
    this.result = result;
    this.args = args;
    this.options = options;
    this.#count = count;
    const { manifest } = site.facts.module;
    const { returns } = manifest.kernels.find(({ name }) => name === site.facts.kernel) as KernelSignature;
    const name = arrayOf(returns as ScalarType);
    const payloadBytes = count * typedArrayClasses[name].BYTES_PER_ELEMENT;
    this.output = backend.store.create(headerBytes + payloadBytes, {
      owner: backend.id,
      label: `result of ${site.label}`,
    });
    // Only its header: its elements are the results.
    const empty = new Uint8Array();
    new ValuePlan(tagOf(name), payloadBytes, empty).writeInto(this.output.pin()!.bytes, 0);
    this.#pinned = [this.output];
    for (const arg of args) {
      if (typeof arg === "number") continue;
      arg.use();
      if (arg.content.kind !== "stored") continue;
      arg.content.object.pin();
      this.#pinned.push(arg.content.object);
    }
    this.moved = storeOverflow(args, chunkItemBytes, (encoded) => backend.storeArgument(encoded, site.label));
    this.#pinned.push(...this.moved.values());
  }

  start(): void {
    this.result.task = this;
    const wanted = Math.ceil(this.#count / (this.#backend.cpus * chunksPerCpu));
    const size = Math.min(mostCalls, Math.max(1, wanted));
    for (let start = 0; start < this.#count; start += size) {
      this.#chunks.push(new MapChunk(this.#backend, this, start, Math.min(size, this.#count - start)));
    }
    this.#runningCount = this.#chunks.length;
    for (const chunk of this.#chunks) this.#backend.pool.submit(chunk);
  }

  cancel(): void {
    this.#stop(this.#backend.cancelled(this.result, this.site.label));
  }

  /** A chunk has ended. */
  ended(): void {
    if (--this.#runningCount > 0) return;
    for (const object of this.#pinned) object.unpin();
    for (const arg of this.args) {
      if (typeof arg === "number") continue;
      arg.free();
      arg.unuse();
    }
    this.#backend.tasksRun += this.#count;
    if (this.#error === undefined) this.#backend.settleStored(this.result, this.output);
    else this.output.free();
  }

  /** A chunk has failed. */
  failed(error: WireError): void {
    this.#backend.located(this.site.facts.module, error, (located) => this.#stop(fromWireError(located)));
    this.#error ??= fromWireError(error);
  }

  /** A chunk was given back by the pool, which closes. */
  returned(): void {
    if (this.#error !== undefined) return;
    this.#stop(new ShutdownError(`the client was shut down before ${this.site.label} was done`));
  }

  mayRetry({ code }: WireError): boolean {
    if (code !== "WORKER_CRASHED" || this.result.isReady || this.#retryCount >= this.options.maxRetries)
      return false;
    this.#retryCount++;
    this.#backend.retriedCount++;
    return true;
  }

  #stop(error: Error): void {
    this.#error ??= error;
    this.result.settle({ kind: "failed", error });
    for (const chunk of this.#chunks) this.#backend.pool.cancel(chunk);
  }
}

/** Some of the calls of a map. */
export class MapChunk extends Call {
  readonly #backend: LocalBackend;
  readonly #map: MapTask;
  readonly #start: number;
  readonly #count: number;

  constructor(backend: LocalBackend, map: MapTask, start: number, count: number) {
    super(map.site, backend.id, map.options.depth, map.result.number);
    this.#backend = backend;
    this.#map = map;
    this.#start = start;
    this.#count = count;
  }

  get result(): LocalObject {
    return this.#map.result;
  }

  /** Each of its calls has all of it. */
  override get timeoutMs(): number {
    return super.timeoutMs * this.#count;
  }

  override write(items: ItemWriter): void {
    items.number(this.#start);
    items.number(this.#count);
    for (const arg of this.#map.args) {
      if (typeof arg === "number") items.number(arg);
      else writeObject(items, arg, this.#map.moved);
    }
    items.segment(this.#map.output.byteLength, this.#map.output.segmentId!);
    if (this.site.facts.seed.kind === "item") items.inline(encodeValue(this.#map.options.seed));
  }

  override endedWithNumber(): void {
    this.#map.ended();
  }

  override ended(end: CallEnd): void {
    if (end.kind === "error" && this.#map.mayRetry(end.error)) {
      this.#backend.pool.submit(this);
      return;
    }
    if (end.kind === "error") this.#map.failed(end.error);
    else if (end.kind === "returned") this.#map.returned();
    this.#map.ended();
  }

  override said(message: Said): void {
    if (message.kind === "log") this.#backend.log(this.#map.result.id, message.text);
    else if (message.kind === "progress")
      this.#map.options.onProgress?.({ fraction: message.fraction, text: message.text });
  }
}
