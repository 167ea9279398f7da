import { withDependant } from "../../scheduler/dataflow/dependants.ts";
import { attemptSeed, isRetried, type RetryErrors } from "../../scheduler/dataflow/retries.ts";
import { checkArgBytes } from "../../scheduler/manifest/check-limits.ts";
import { fromWireError, ShutdownError, type WireError } from "../../scheduler/protocol/errors.ts";
import { encodeValue } from "../../scheduler/protocol/value.ts";
import type { Children } from "../nested/children.ts";
import type { StoredObject } from "../objects/stored-object.ts";
import { Call, type CallEnd } from "../pool/call.ts";
import type { Site } from "../pool/site.ts";
import type { ItemWriter } from "../ring/items.ts";
import type { NestedReply, Said } from "../worker/messages.ts";
import type { LocalBackend } from "./local-backend.ts";
import type { LocalItems } from "./local-items.ts";
import { LocalObject, type Waiter } from "./local-object.ts";
import { storeOverflow } from "./store-overflow.ts";

/** What a task takes: a number, another encoded value that is small, or an object. */
export type LocalArg = number | Uint8Array | LocalObject;

/** What is said of a task beside its site. */
export type LocalTaskOptions = {
  /** How often it is run again after its worker died. */
  maxRetries: number;
  /** The codes of the errors of its own after which that is so, too. */
  retryErrors?: RetryErrors | undefined;
  /** Of its random numbers; its id, when it has none of its own. */
  seed?: string | undefined;
  /** How many tasks it is nested in. */
  depth: number;
  onProgress?: ((progress: { fraction: number; text: string }) => void) | undefined;
  /** Gets what it yields, when its site says that it may. */
  items?: LocalItems;
};

/** A task of an embedded host's client. It goes to the workers once all that it takes is ready. */
export class LocalTask extends Call implements Waiter {
  readonly result: LocalObject;
  readonly args: readonly LocalArg[];
  readonly #backend: LocalBackend;
  readonly #options: LocalTaskOptions;
  #retryCount = 0;
  /** How often it has come to an error of its own, and is tried anew. */
  #attempt = 0;
  #objectCount = 0;
  #missingCount = 0;
  /** Whether the pool has it, and will tell when it has ended. */
  #isSubmitted = false;
  #pinned: StoredObject[] | undefined;
  /** What it may have in memory. */
  #admitted: readonly StoredObject[] | undefined;
  /** Copies of those objects that have no room in a slot. */
  #moved: ReadonlyMap<LocalObject, StoredObject> | undefined;
  #children: Children | undefined;
  #clock: number[] | undefined;

  constructor(
    backend: LocalBackend,
    site: Site,
    result: LocalObject,
    args: readonly LocalArg[],
    options: LocalTaskOptions,
  ) {
    super(site, backend.id, options.depth, result.number);
    this.#backend = backend;
    this.result = result;
    this.args = args;
    this.#options = options;
    result.task = this;
    const { gang } = site.facts;
    if (gang !== undefined) result.whenReady({ ready: () => backend.gangs.ended(gang) });
    for (const arg of args) {
      if (!isObject(arg)) continue;
      this.#objectCount++;
      arg.use();
    }
  }

  start(): void {
    if (this.#objectCount === 0) {
      this.submit();
      return;
    }
    this.#missingCount = this.#objectCount;
    this.#backend.waiting.add(this);
    // So that its site is not forgotten meanwhile.
    this.site.callCount++;
    for (const arg of this.args) {
      if (!isObject(arg)) continue;
      arg.want();
      arg.whenReady(this);
    }
  }

  ready(object: LocalObject): void {
    if (this.result.isReady) return;
    if (object.content.kind === "failed") {
      this.#backend.fail(this, withDependant(object.content.error, this.site.label));
    } else if (--this.#missingCount === 0) {
      this.#submitWithObjects();
    }
  }

  /** Ends it with an error, wherever it is. */
  fail(error: Error): void {
    if (this.result.isReady) return;
    if (!this.#isSubmitted) this.#release();
    this.result.settle({ kind: "failed", error });
    if (this.#isSubmitted) this.#backend.pool.cancel(this);
  }

  cancel(error?: Error): void {
    this.#backend.fail(this, error ?? this.#backend.cancelled(this.result, this.site.label));
  }

  override write(items: ItemWriter): void {
    for (const arg of this.args) {
      if (typeof arg === "number") items.number(arg);
      else if (arg instanceof Uint8Array) items.inline(arg);
      else writeObject(items, arg, this.#moved);
    }
    if (this.site.facts.seed.kind === "item") items.inline(encodeValue(this.#seed));
  }

  override endedWithNumber(value: number): void {
    if (this.#objectCount > 0 || this.#children !== undefined) this.#release();
    if (this.#hasHeard) this.#record();
    this.#backend.tasksRun++;
    this.result.settle({ kind: "number", value });
  }

  override ended(end: CallEnd): void {
    if (end.kind === "error" && this.#mayRetry(end.error)) {
      this.#children?.close();
      this.#children = undefined;
      this.#waitToRunAgain();
      return;
    }
    this.#release();
    this.#record();
    if (end.kind !== "returned") this.#backend.tasksRun++;
    switch (end.kind) {
      case "value":
        // A copy, because the bytes are those of a slot.
        this.result.settle({ kind: "bytes", encoded: end.encoded.slice() });
        return;
      case "large":
        this.#backend.settleWith(this.result, end.buffer, `result of ${this.site.label}`);
        return;
      case "error":
        this.#backend.located(this.site.facts.module, end.error, (located) =>
          this.result.settle({ kind: "failed", error: fromWireError(located) }),
        );
        return;
      case "returned":
        this.result.settle({ kind: "failed", error: shutDown(this.site.label) });
    }
  }

  override said(message: Said): void {
    switch (message.kind) {
      case "log":
        this.#backend.log(this.result.id, message.text);
        return;
      case "progress":
        this.#options.onProgress?.({ fraction: message.fraction, text: message.text });
        return;
      case "readings":
        this.#clock = message.clock;
        return;
      case "item":
        this.#options.items!.add(
          message,
          (value) => this.#backend.newItem(value, this.site.label),
          (count) => this.answer({ kind: "taken", count }),
        );
        return;
      case "join":
        this.#backend.gangs.join(this.site.facts.gang!, (reply) => this.answer(reply));
        return;
      case "waits":
      case "goesOn":
      case "moved":
        return;
      default:
        this.#children ??= this.#backend.childrenOf(this, this.result.id, this.#seed);
        this.#children.hear(message, (reply) => this.answer(reply));
    }
  }

  /** Ends its wait, for what it has submitted or for who takes its items. */
  protected answer(reply: NestedReply): void {
    this.#backend.pool.reply(this, reply);
  }

  get #seed(): string {
    const seed = this.#options.seed ?? this.result.id;
    return this.#attempt === 0 ? seed : attemptSeed(seed, this.#attempt);
  }

  /** Whether it has heard what does not follow from its arguments and its id. */
  get #hasHeard(): boolean {
    return this.#options.seed !== undefined || this.#attempt > 0 || this.#clock !== undefined;
  }

  #mayRetry({ code }: WireError): boolean {
    if (this.result.isReady) return false;
    const isOwn = isRetried(this.#options.retryErrors, code);
    if ((!isOwn && code !== "WORKER_CRASHED") || this.#retryCount >= this.#options.maxRetries) return false;
    this.#retryCount++;
    this.#backend.retriedCount++;
    if (isOwn) this.#attempt++;
    return true;
  }

  #waitToRunAgain(): void {
    if (this.#attempt > 0 && this.site.facts.seed.kind === "numbered")
      this.site = this.#backend.pool.site({ ...this.site.facts, seed: { kind: "item" } });
    this.hasEnded = false;
    this.#isSubmitted = false;
    this.#backend.waiting.add(this);
    this.site.callCount++;
    this.#backend.retryLater(this, this.#retryCount);
  }

  /** It has waited for long enough. */
  again(): void {
    if (this.result.isReady) return;
    this.#isSubmitted = true;
    this.#backend.pool.submit(this);
    this.#endWaiting();
  }

  /** All that it takes is there: it goes to the pool. */
  protected submit(): void {
    this.#isSubmitted = true;
    this.#backend.pool.submit(this);
  }

  /** All that it takes is ready; it goes on when that may be in memory. */
  #submitWithObjects(): void {
    if (this.args.every(isNumber)) {
      this.submit();
      this.#endWaiting();
      return;
    }
    const stored = this.args.flatMap((arg) =>
      isObject(arg) && arg.content.kind === "stored" ? [arg.content.object] : [],
    );
    try {
      checkArgBytes(this.site.label, this.args.flatMap(encodedOf), this.site.facts.limits.maxArgumentBytes);
    } catch (error) {
      this.#backend.fail(this, error as Error);
      return;
    }
    const { admission } = this.#backend;
    const start = () => {
      // It may have been cancelled while it waited.
      if (this.result.isReady) {
        admission.leave(stored);
        return;
      }
      this.#admitted = stored;
      this.#submitWithStored(stored);
    };
    if (this.depth === 0) {
      admission.enter(stored, start);
    } else {
      admission.force(stored);
      start();
    }
  }

  /** What it takes may be in memory; what is on disk is fetched first. */
  #submitWithStored(stored: StoredObject[]): void {
    const spilled = stored.find((object) => object.memoryBytes === 0);
    if (spilled !== undefined) {
      spilled.restore().then(
        () => !this.result.isReady && this.#submitWithStored(stored),
        (error) => this.#backend.fail(this, error),
      );
      return;
    }
    for (const object of stored) object.pin();
    this.#pinned = stored;
    try {
      this.#moved = storeOverflow(this.args, 0, (encoded) =>
        this.#backend.storeArgument(encoded, this.site.label),
      );
    } catch (error) {
      this.#backend.fail(this, error as Error);
      return;
    }
    this.#pinned = [...stored, ...this.#moved.values()];
    this.submit();
    this.#endWaiting();
  }

  #endWaiting(): void {
    if (this.#backend.waiting.delete(this)) this.site.callCount--;
  }

  /** What it took, it needs no more. */
  #release(): void {
    this.#children?.close();
    this.#endWaiting();
    for (const object of this.#pinned ?? []) object.unpin();
    this.#pinned = undefined;
    if (this.#admitted !== undefined) this.#backend.admission.leave(this.#admitted);
    this.#admitted = undefined;
    for (const arg of this.args) if (isObject(arg)) arg.unuse();
  }

  #record(): void {
    if (!this.#hasHeard) return;
    this.result.recording = { seed: this.#seed, ...(this.#clock && { clock: this.#clock }) };
  }
}

const isObject = (arg: LocalArg): arg is LocalObject => arg instanceof LocalObject;

const isNumber = (arg: LocalArg) =>
  typeof arg === "number" || (isObject(arg) && arg.content.kind === "number");

/** What an argument takes when it is encoded; numbers don't count. */
function encodedOf(arg: LocalArg): { byteLength: number }[] {
  if (!isObject(arg)) return typeof arg === "number" ? [] : [arg];
  const { content } = arg;
  if (content.kind === "bytes") return [content.encoded];
  return content.kind === "stored" ? [content.object] : [];
}

/** Writes what an object holds that is ready and, when it is stored, pinned; or its copy. */
export function writeObject(
  items: ItemWriter,
  object: LocalObject,
  moved?: ReadonlyMap<LocalObject, StoredObject>,
): void {
  const { content } = object;
  const copy = moved?.get(object);
  if (copy !== undefined) items.segment(copy.byteLength, copy.segmentId!);
  else if (content.kind === "number") items.number(content.value);
  else if (content.kind === "bytes") items.inline(content.encoded);
  else if (content.kind === "stored") items.segment(content.object.byteLength, content.object.segmentId!);
}

const shutDown = (label: string) => new ShutdownError(`the client was shut down before ${label} was done`);
