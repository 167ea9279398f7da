import type { Handle } from "../../scheduler/client/object-ref.ts";
import type { Recording } from "../../scheduler/ownership/object-table.ts";
import { ObjectLostError } from "../../scheduler/protocol/errors.ts";
import type { StoredObject } from "../objects/stored-object.ts";

/** What is known of an object's value. */
export type Content =
  /** A task makes it, or a program has it still to bring. */
  | { kind: "pending" }
  /** It is this number. */
  | { kind: "number"; value: number }
  /** It is small: this is the encoded value. */
  | { kind: "bytes"; encoded: Uint8Array }
  /** It is in shared memory, or on disk. */
  | { kind: "stored"; object: StoredObject }
  | { kind: "failed"; error: Error };

export type Ready = Exclude<Content, { kind: "pending" }>;

/** Who waits for an object. */
export interface Waiter {
  ready(object: LocalObject): void;
}

/** Whose objects these are; their ids begin with its. */
export type Owner = { readonly id: string };

const pending: Content = { kind: "pending" };
/** It was let go of, and its value is gone. */
const freed = Symbol("freed");

/** What few objects have, so that the many others take less memory. */
type Rare = {
  /** Of a task's result, when the task heard more than its id. */
  recording?: Recording;
  /** The objects whose refs its value holds. */
  inner?: readonly LocalObject[] | undefined;
  /** The objects whose values hold its ref. */
  outer?: WeakRef<LocalObject>[];
  /** The actor that it stands for, which lives as long as this. */
  actor?: object;
};

/** Tells the store when nothing in this process refers to an object any more. */
const dropped = new FinalizationRegistry<StoredObject>((object) => object.free());

/**
 * An object of the client of an embedded host. No table holds it: whoever needs it refers to it, the program by its
 * refs and tasks by their arguments, and when nobody does it is garbage like any other.
 */
export class LocalObject implements Handle {
  readonly owner: Owner;
  readonly number: number;
  /** What ends the task that makes it, while that is pending. */
  task: { cancel(error?: Error): void; want?(): void } | undefined;
  /** Whether a task makes it. */
  isResult = false;
  #rare: Rare | undefined;
  /** A number is told as it is: most results are such. */
  #content: Content | number | typeof freed = pending;
  #waiters: Waiter | Waiter[] | undefined;
  /** Tasks that take it, objects that hold a ref of it, and others that need its value. */
  #userCount = 0;
  #isFreed = false;

  constructor(owner: Owner, number: number) {
    this.owner = owner;
    this.number = number;
  }

  get id(): string {
    return `${this.owner.id}-${this.number.toString(36)}`;
  }

  get content(): Content {
    const content = this.#content;
    if (typeof content === "number") return { kind: "number", value: content };
    return content === freed ? { kind: "failed", error: freedError(this.id) } : content;
  }

  get recording(): Recording | undefined {
    return this.#rare?.recording;
  }

  set recording(recording: Recording) {
    this.#rare ??= {};
    this.#rare.recording = recording;
  }

  get isReady(): boolean {
    return this.#content !== pending;
  }

  /** Whether the program has let go of it. */
  get isFreed(): boolean {
    return this.#isFreed;
  }

  /** The objects whose values hold its ref. */
  get outer(): LocalObject[] {
    return (this.#rare?.outer ?? []).flatMap((each) => each.deref() ?? []);
  }

  /** Its value holds refs of these. */
  holds(inner: readonly LocalObject[]): void {
    this.#rare ??= {};
    this.#rare.inner = inner;
    for (const each of inner) {
      each.use();
      each.#rare ??= {};
      each.#rare.outer ??= [];
      each.#rare.outer.push(new WeakRef(this));
    }
  }

  /** It stands for an actor, and keeps that from being garbage. */
  standsFor(actor: object): void {
    this.#rare ??= {};
    this.#rare.actor = actor;
  }

  /** The object of this id whose ref its value holds; the program has a ref of it again. */
  innerOf(id: string): LocalObject | undefined {
    const inner = this.#rare?.inner?.find((each) => each.id === id);
    if (inner !== undefined) inner.#isFreed = false;
    return inner;
  }

  /** Decides a pending object; of a decided one, nothing changes. */
  settle(content: Ready): void {
    if (this.#content !== pending) {
      if (content.kind === "stored") content.object.free();
      return;
    }
    this.#content = content.kind === "number" ? content.value : content;
    this.task = undefined;
    if (content.kind === "stored") dropped.register(this, content.object, this);
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (Array.isArray(waiters)) for (const waiter of waiters) waiter.ready(this);
    else waiters?.ready(this);
    if (this.#isFreed) this.#releaseIfUnused();
  }

  /** It is what another object is, once that is ready. */
  becomes(other: LocalObject): void {
    this.holds([other]);
    this.task = { cancel: (error) => other.task?.cancel(error) };
    other.whenReady({
      ready: ({ content }) =>
        this.settle(content.kind === "pending" ? { kind: "failed", error: freedError(other.id) } : content),
    });
  }

  /** Its value is wanted in memory, as soon as there is one. */
  want(): void {
    this.task?.want?.();
  }

  /** Has a waiter called once it is ready; if it is, at once. */
  whenReady(waiter: Waiter): void {
    if (this.#content !== pending) waiter.ready(this);
    else if (this.#waiters === undefined) this.#waiters = waiter;
    else if (Array.isArray(this.#waiters)) this.#waiters.push(waiter);
    else this.#waiters = [this.#waiters, waiter];
  }

  forget(waiter: Waiter): void {
    if (this.#waiters === waiter) this.#waiters = undefined;
    else if (Array.isArray(this.#waiters)) this.#waiters = this.#waiters.filter((each) => each !== waiter);
  }

  /** Someone needs its value from now on … */
  use(): void {
    this.#userCount++;
  }

  /** … until now. */
  unuse(): void {
    this.#userCount--;
    if (this.#isFreed) this.#releaseIfUnused();
  }

  free(): void {
    this.#isFreed = true;
    this.#releaseIfUnused();
  }

  #releaseIfUnused(): void {
    // Not by calls in each other: values may hold refs of values that hold refs, as deep as they like.
    const unused: LocalObject[] = [this];
    for (let object = unused.pop(); object !== undefined; object = unused.pop()) {
      if (!object.#isUnused) continue;
      object.#release();
      const inner = object.#rare?.inner;
      if (inner === undefined) continue;
      for (const each of inner) {
        each.#userCount--;
        unused.push(each);
      }
      object.#rare!.inner = undefined;
    }
  }

  get #isUnused(): boolean {
    return this.#isFreed && this.#userCount === 0 && this.#content !== pending;
  }

  #release(): void {
    const content = this.#content;
    if (typeof content === "object" && content.kind === "failed") return;
    this.#content = freed;
    if (typeof content !== "object" || content.kind !== "stored") return;
    dropped.unregister(this);
    content.object.free();
  }
}

const freedError = (id: string) =>
  new ObjectLostError(`object ${id} was freed`, {
    remedy: "Keep its ref, or free it later.",
    data: { id },
  });
