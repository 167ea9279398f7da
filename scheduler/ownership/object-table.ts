import type { Encoded } from "../protocol/value.ts";

/** What its owner knows of an object. */
export type ObjectState =
  | { kind: "pending" }
  /** Its encoded value is here. */
  | { kind: "local"; value: Encoded }
  /** These hosts hold its encoded value, of so many bytes. */
  | { kind: "remote"; hosts: Set<string>; bytes: number }
  | { kind: "failed"; error: Error };

/** How many hosts are told to fetch an object from the same one: few enough to spread it, and enough to spread it soon. */
const copyFanOut = 2;

/** All that a task heard that does not follow from its arguments: with it, it can be run again to the same result. */
export type Recording = { seed: string; clock?: number[] };

export type ReadyState = Exclude<ObjectState, { kind: "pending" }>;

/** Of an object that no host has. */
export type KeptState = Exclude<ReadyState, { kind: "remote" }>;

/**
 * Whoever may keep the result of a task instead of the table. The value of a small one is garbage when the program drops
 * its ref, and nobody needs to be told: that is why a table that is asked for few objects stays small.
 */
export interface Keeper {
  /** The object is here from now on, and the table knows no more of it. */
  take(state: KeptState, recording: Partial<Recording> | undefined): void;
  /** The table keeps it: it wants to be told when the program drops the ref. */
  leave(): void;
}

/** An object as its table keeps it. */
export type Entry = {
  readonly id: string;
  state: ObjectState;
  /** How many refs of it the program holds. */
  heldCount: number;
  /** How many unfinished tasks take it as an argument, and values of other objects hold its ref. */
  users: number;
  /** The objects whose refs its value holds. */
  inner: readonly string[];
  /** Hosts that were told to fetch it, and so may have a copy, in the order in which they were told. */
  copies: Set<string> | undefined;
  /** One by itself, as most have no more. */
  listeners: Listener | Listener[] | undefined;
  /** Who holds the only ref of a pending object, and is held here as long as that is so. */
  keeper: Keeper | undefined;
  recording: Partial<Recording> | undefined;
};

type Listener = (state: ReadyState) => void;

const none: readonly string[] = [];
const noHosts: ReadonlySet<string> = new Set();

/**
 * The objects that a client owns: their state, who uses them, and where copies are. An object is let go of when the
 * program no longer holds its ref and no unfinished task needs it; `onFree` is told who may have a copy.
 */
export class ObjectTable {
  readonly #entries = new Map<string, Entry>();
  readonly #onFree: (id: string, hosts: ReadonlySet<string>) => void;

  constructor(onFree: (id: string, hosts: ReadonlySet<string>) => void) {
    this.#onFree = onFree;
  }

  /**
   * @param inner the objects whose refs its value holds: these are kept as long as it is
   * @param keeper whoever holds the program's only ref of a pending object, to keep its value if that can be
   */
  create(id: string, state: ObjectState = { kind: "pending" }, inner = none, keeper?: Keeper): Entry {
    for (const each of inner) this.use(each);
    // Not by spreading, which takes microseconds, and this is done for each task.
    const entry: Entry = {
      id,
      state,
      heldCount: 1,
      users: 0,
      inner,
      copies: undefined,
      listeners: undefined,
      keeper,
      recording: undefined,
    };
    this.#entries.set(id, entry);
    return entry;
  }

  state(id: string): ObjectState | undefined {
    return this.#entries.get(id)?.state;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What there is: each object's state, whether the program holds its ref, and whose refs its value holds. */
  *entries(): Generator<{ id: string; state: ObjectState; isHeld: boolean; inner: readonly string[] }> {
    for (const [id, { state, heldCount, inner }] of this.#entries)
      yield { id, state, isHeld: heldCount > 0, inner };
  }

  /** Keeps what the task heard whose result this object is. Its seed is its id unless it is told here. */
  record(id: string, recording: Partial<Recording>): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.recording = recording;
  }

  recording(id: string): Partial<Recording> | undefined {
    return this.#entries.get(id)?.recording;
  }

  /** Decides a pending object; of a decided one, nothing changes. */
  settle(id: string, state: ReadyState): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.decide(entry, state);
  }

  /** The same of one at hand. @param recording what the task heard whose result it is; see `record` */
  decide(entry: Entry, state: ReadyState, recording = entry.recording): void {
    if (entry.state.kind !== "pending") return;
    entry.recording = recording;
    entry.state = state;
    const { listeners } = entry;
    entry.listeners = undefined;
    if (typeof listeners === "function") listeners(state);
    else if (listeners !== undefined) for (const listener of listeners) listener(state);
    if (entry.keeper === undefined) this.#freeIfUnused(entry);
    else this.#giveTo(entry.keeper, entry);
  }

  /** Calls back once, at once if the object is ready already. */
  onReady(id: string, listener: Listener): void {
    const entry = this.#entries.get(id)!;
    const { state, listeners } = entry;
    if (state.kind !== "pending") listener(state);
    else if (listeners === undefined) entry.listeners = listener;
    else if (typeof listeners === "function") entry.listeners = [listeners, listener];
    else listeners.push(listener);
  }

  /** The same. Returns how to stop waiting. */
  whenReady(id: string, listener: Listener): () => void {
    const entry = this.#entries.get(id)!;
    this.onReady(id, listener);
    return () => {
      if (entry.listeners === listener) entry.listeners = undefined;
      else if (Array.isArray(entry.listeners))
        entry.listeners = entry.listeners.filter((other) => other !== listener);
    };
  }

  /** A task takes the object as an argument from now on … */
  use(id: string): void {
    this.#entries.get(id)!.users++;
  }

  /** … until now. */
  unuse(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.users--;
    this.#freeIfUnused(entry);
  }

  /** The program has got another ref. */
  hold(id: string): void {
    this.#entries.get(id)!.heldCount++;
  }

  /** The program dropped a ref. */
  drop(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.heldCount--;
    this.#freeIfUnused(entry);
  }

  /**
   * This host is told to fetch the object. Returns an earlier copy that it is to ask before the original, so that the
   * copies form a tree and whoever holds one is asked by few.
   */
  copiedTo(id: string, hostId: string): string | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    entry.copies ??= new Set();
    const copies = [...entry.copies.add(hostId)];
    // The first ones ask the original. None asks a later one: they would wait for each other.
    return copies[Math.floor(copies.indexOf(hostId) / copyFanOut) - 1];
  }

  /** The objects that only this host holds. */
  onlyOn(hostId: string): string[] {
    return [...this.#entries]
      .filter(([, { state }]) => state.kind === "remote" && state.hosts.size === 1 && state.hosts.has(hostId))
      .map(([id]) => id);
  }

  /** The owner has fetched an object for good; the hosts that it was taken from may forget it. */
  bringHome(id: string, value: Encoded): void {
    const entry = this.#entries.get(id);
    if (entry?.state.kind !== "remote") return;
    const { hosts } = entry.state;
    entry.state = { kind: "local", value };
    this.#onFree(id, hosts);
  }

  /** A host has stored an object too late; it may forget it, unless that is where the object is. */
  disown(id: string, hostId: string): void {
    const state = this.state(id);
    if (state?.kind !== "remote" || !state.hosts.has(hostId)) this.#onFree(id, new Set([hostId]));
  }

  /** A host is gone, and what only it held is lost with it. */
  forgetHost(hostId: string, lost: (id: string) => Error): void {
    for (const [id, entry] of this.#entries) {
      entry.copies?.delete(hostId);
      if (entry.state.kind !== "remote" || !entry.state.hosts.delete(hostId)) continue;
      if (entry.state.hosts.size === 0) entry.state = { kind: "failed", error: lost(id) };
    }
  }

  #giveTo(keeper: Keeper, entry: Entry): void {
    const { id, state, heldCount, users, recording } = entry;
    entry.keeper = undefined;
    if (heldCount === 1 && users === 0 && (state.kind === "local" || state.kind === "failed")) {
      this.#entries.delete(id);
      keeper.take(state, recording);
      return;
    }
    keeper.leave();
    this.#freeIfUnused(entry);
  }

  #freeIfUnused(entry: Entry): void {
    // Not by calls in each other: values may hold refs of values that hold refs, as deep as they like.
    if (entry.heldCount > 0 || entry.users > 0) return;
    const unused = [entry];
    for (let next = unused.pop(); next !== undefined; next = unused.pop()) {
      const { id, heldCount, users, state, inner, copies } = next;
      if (heldCount > 0 || users > 0 || state.kind === "pending") continue;
      // A listener may have ended its last use, and so have freed it already.
      if (!this.#entries.delete(id)) continue;
      const hosts = state.kind === "remote" ? state.hosts : noHosts;
      this.#onFree(id, copies === undefined ? hosts : new Set([...copies, ...hosts]));
      for (const each of inner) {
        const held = this.#entries.get(each)!;
        held.users--;
        unused.push(held);
      }
    }
  }
}
