import { withDependant } from "../../scheduler/dataflow/dependants.ts";
import { fromWireError, ShutdownError, type WireError } from "../../scheduler/protocol/errors.ts";
import { type GangPlace, inlineBytes } from "../../scheduler/protocol/messages.ts";
import type { Encoded } from "../../scheduler/protocol/value.ts";
import { stateRoomBytes } from "../actors/actor-state.ts";
import type { MethodCall, MethodEnd } from "../actors/method-call.ts";
import type { StoredObject } from "../objects/stored-object.ts";
import { type ItemWriter, itemBytes, numberItemBytes, segmentItemBytes } from "../ring/items.ts";
import type { LocalBackend } from "./local-backend.ts";
import { LocalObject, type Waiter } from "./local-object.ts";
import { type LocalArg, writeObject } from "./local-task.ts";
import { storeOverflow } from "./store-overflow.ts";

/** Tells an error with the places in the source that it came from. */
export type Locate = (error: WireError, tell: (error: WireError) => void) => void;

/** What a call tells its actor. */
export type MethodHears = {
  /** It may be ready. */
  went(): void;
  /** It has ended; once. */
  over(): void;
  /** It runs, perhaps, and is to be stopped. */
  stop(call: MethodCall): void;
  /** Adds to an error the places in the source that it came from. */
  located: Locate;
};

/** A call of a method of an embedded host's actor. It goes to the actor once all that it takes is ready. */
export class LocalMethodCall implements MethodCall, Waiter {
  readonly method: number;
  readonly gang: GangPlace | undefined;
  readonly #backend: LocalBackend;
  readonly #label: string;
  readonly #args: readonly LocalArg[];
  readonly #result: LocalObject;
  readonly #hears: MethodHears;
  #missingCount = 0;
  #pinned: StoredObject[] = [];
  #moved: ReadonlyMap<LocalObject, StoredObject> | undefined;
  #hasEnded = false;

  constructor(
    backend: LocalBackend,
    label: string,
    method: number,
    args: readonly LocalArg[],
    result: LocalObject,
    hears: MethodHears,
    gang?: GangPlace,
  ) {
    this.#backend = backend;
    this.#label = label;
    this.method = method;
    this.#args = args;
    this.#result = result;
    this.#hears = hears;
    this.gang = gang;
    result.task = this;
    if (gang !== undefined) result.whenReady({ ready: () => backend.gangs.ended(gang) });
    if (args.every(isNumber)) return;
    const objects = args.filter((arg) => arg instanceof LocalObject);
    if (objects.length === 0) return;
    // One more, for what is fetched once all are ready.
    this.#missingCount = objects.length + 1;
    for (const object of objects) object.use();
    for (const object of objects) object.whenReady(this);
  }

  get isReady(): boolean {
    return this.#missingCount === 0;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  ready(object: LocalObject): void {
    if (this.#hasEnded) return;
    if (object.content.kind === "failed")
      this.#settle({ kind: "failed", error: withDependant(object.content.error, this.#label) });
    this.#arrived();
  }

  /** Before it runs, that ends it; a call that runs ends by itself, and nobody hears of it, unless it is one of a gang. */
  cancel(error?: Error): void {
    if (this.#hasEnded) return;
    this.#settle({
      kind: "failed",
      error: error ?? this.#backend.cancelled(this.#result, this.#label),
    });
    this.#missingCount = 0;
    if (this.gang !== undefined) this.#hears.stop(this);
    this.#hears.went();
  }

  get argCount(): number {
    return this.#args.length;
  }

  get itemBytes(): number {
    let bytes = 0;
    for (const arg of this.#args) bytes += this.#itemBytesOf(arg);
    return bytes;
  }

  write(items: ItemWriter): void {
    for (const arg of this.#args) {
      if (typeof arg === "number") items.number(arg);
      else if (arg instanceof Uint8Array) items.inline(arg);
      else writeObject(items, arg, this.#moved);
    }
  }

  ended(end: MethodEnd): void {
    if (this.#hasEnded) return;
    switch (end.kind) {
      case "value": {
        this.#backend.tasksRun++;
        this.#value(end.value);
        return;
      }
      case "error":
        this.#release();
        this.#hears.located(end.error, (error) =>
          this.#result.settle({ kind: "failed", error: fromWireError(error) }),
        );
        return;
      case "returned":
        this.#settle({
          kind: "failed",
          error: new ShutdownError(`the client was shut down before ${this.#label} was done`),
        });
    }
  }

  #value(value: Encoded): void {
    if (typeof value === "number") {
      this.#settle({ kind: "number", value });
    } else if (value.byteLength <= inlineBytes) {
      this.#settle({ kind: "bytes", encoded: value.slice() });
    } else {
      this.#release();
      this.#backend.settleCopy(this.#result, value, `result of ${this.#label}`);
    }
  }

  #settle(content: Parameters<LocalObject["settle"]>[0]): void {
    this.#release();
    this.#result.settle(content);
  }

  /** One more of what it takes is ready, and fetched if it has to be. */
  #arrived(): void {
    if (--this.#missingCount > 1) return;
    if (this.#missingCount === 0) {
      this.#hears.went();
      return;
    }
    const stored = this.#args.flatMap((arg) =>
      arg instanceof LocalObject && arg.content.kind === "stored" ? [arg.content.object] : [],
    );
    const pinning = stored.filter((object) => object.pin() === undefined);
    this.#pinned = stored.filter((object) => !pinning.includes(object));
    Promise.all(pinning.map((object) => object.pinned().then(() => this.#pinned.push(object)))).then(
      () => this.#fitted(),
      (error) => {
        this.#settle({ kind: "failed", error });
        this.#missingCount = 0;
        this.#hears.went();
      },
    );
  }

  #fitted(): void {
    if (!this.#hasEnded) {
      try {
        this.#moved = storeOverflow(this.#args, stateRoomBytes, (encoded) =>
          this.#backend.storeArgument(encoded, this.#label),
        );
        this.#pinned.push(...this.#moved.values());
      } catch (error) {
        this.#settle({ kind: "failed", error: error as Error });
      }
    }
    this.#missingCount = 0;
    this.#hears.went();
  }

  #itemBytesOf(arg: LocalArg): number {
    if (typeof arg === "number") return numberItemBytes;
    if (arg instanceof Uint8Array) return itemBytes(arg.byteLength);
    const { content } = arg;
    if (content.kind === "number") return numberItemBytes;
    const isInline = content.kind === "bytes" && !this.#moved?.has(arg);
    return isInline ? itemBytes(content.encoded.byteLength) : segmentItemBytes;
  }

  #release(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const object of this.#pinned) object.unpin();
    this.#pinned = [];
    for (const arg of this.#args) if (arg instanceof LocalObject) arg.unuse();
    this.#hears.over();
  }
}

const isNumber = (arg: LocalArg) => typeof arg === "number";
