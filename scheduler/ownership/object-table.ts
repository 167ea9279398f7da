import { byteLengthOf, type Encoded } from "../protocol/value.ts";
import { Lineage, type Origin } from "./lineage.ts";

/** What its owner knows of an object. */
export type ObjectState =
  | { kind: "pending" }
  /** Its encoded value is here. */
  | { kind: "local"; value: Encoded }
  /** These hosts hold its encoded value, of so many bytes. */
  | { kind: "remote"; hosts: Set<string>; bytes: number }
  | { kind: "failed"; error: Error }
  /** Nobody holds it: it is known only because others were made of it. */
  | { kind: "released" };

/** How many hosts are told to fetch an object from the same one: few enough to spread it, and enough to spread it soon. */
const copyFanOut = 2;

/** All that a task heard that does not follow from its arguments: with it, it can be run again to the same result. */
export type Recording = { seed: string; clock?: number[] };

export type ReadyState = Exclude<ObjectState, { kind: "pending" | "released" }>;

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
  /** How many objects that are kept were made of it. */
  madeOfIt: number;
  /** How it can be made again; "evicted" when that is forgotten, "borrowed" when another knows, undefined when it was put. */
  origin: Origin | "evicted" | "borrowed" | undefined;
  /** It belongs to a call, as an argument that is too large for a message: what is made of it keeps it. */
  isPart: boolean;
  /** The objects whose refs its value holds. */
  inner: readonly string[];
  /** Hosts that were told to fetch it, and so may have a copy, in the order in which they were told. */
  copies: Set<string> | undefined;
  /** Of an object that is here: the hosts that keep it, too. */
  replicas: Set<string> | undefined;
  /** One by itself, as most have no more. */
  listeners: Listener | Listener[] | undefined;
  /** Who holds the only ref of a pending object, and is held here as long as that is so. */
  keeper: Keeper | undefined;
  recording: Partial<Recording> | undefined;
};

type Listener = (state: ReadyState) => void;

const none: readonly string[] = [];
const released: ObjectState = { kind: "released" };
/** How much of how objects were made is remembered by default: some 100,000 tasks with small arguments. */
const defaultLineageBytes = 64 * 1024 * 1024;
const noHosts: ReadonlySet<string> = new Set();

/**
 * The objects that a client owns: their state, who uses them, and where copies are. An object is let go of when the
 * program no longer holds its ref and no unfinished task needs it; `onFree` is told who may have a copy, and once more,
 * of nobody, if it was still remembered then since others were made of it, and is no longer. How a result that
 * hosts hold was made is remembered, so that it can be made again, and of what it was made as well.
 */
export class ObjectTable {
  readonly #entries = new Map<string, Entry>();
  readonly #onFree: (id: string, hosts: ReadonlySet<string>) => void;
  readonly #lineage: Lineage;

  /** @param maxLineageBytes how much of how objects were made is remembered */
  constructor(
    onFree: (id: string, hosts: ReadonlySet<string>) => void,
    maxLineageBytes = defaultLineageBytes,
  ) {
    this.#onFree = onFree;
    this.#lineage = new Lineage(maxLineageBytes);
  }

  /**
   * @param inner the objects whose refs its value holds: these are kept as long as it is
   * @param keeper whoever holds the program's only ref of a pending object, to keep its value if that can be
   */
  create(id: string, state: ObjectState = { kind: "pending" }, inner = none, keeper?: Keeper): Entry {
    for (const each of inner) this.use(each);
    const entry = entryOf(id, state, inner, keeper);
    this.#entries.set(id, entry);
    return entry;
  }

  state(id: string): ObjectState | undefined {
    return this.#entries.get(id)?.state;
  }

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  get size(): number {
    return this.#entries.size;
  }

  isReady(id: string): boolean {
    const kind = this.state(id)?.kind;
    return kind !== "pending" && kind !== "released";
  }

  /** About what it takes to remember how objects were made. */
  get lineageBytes(): number {
    return this.#lineage.bytes;
  }

  /** An object is an argument of a call that is too large for a message: what is made of it keeps it. */
  belongsToCall(id: string): void {
    this.#entries.get(id)!.isPart = true;
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

  /**
   * The same of one at hand.
   * @param recording what the task heard whose result it is; see `record`
   * @param origin how it can be made again, if hosts hold it
   */
  decide(entry: Entry, state: ReadyState, recording = entry.recording, origin?: Origin): void {
    if (entry.state.kind !== "pending") return;
    entry.recording = recording;
    entry.state = state;
    if (entry.origin !== "borrowed" && entry.origin !== origin) this.#setOrigin(entry, origin);
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
    if (state.kind !== "pending" && state.kind !== "released") listener(state);
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

  /** The objects that a host holds, with all that do. */
  on(hostId: string): { id: string; hosts: ReadonlySet<string> }[] {
    return [...this.#entries.values()].flatMap(({ id, state }) =>
      state.kind === "remote" && state.hosts.has(hostId) ? [{ id, hosts: state.hosts }] : [],
    );
  }

  /** The hosts that hold an object, with those that keep a copy of one that is here; undefined when it is not ready. */
  holders(id: string): string[] | undefined {
    const entry = this.#entries.get(id);
    if (entry?.state.kind === "remote") return [...entry.state.hosts];
    return entry?.state.kind === "local" ? [...(entry.replicas ?? [])] : undefined;
  }

  /** A host keeps an object that it was asked to. False when that is not wanted any more, and the host is told so. */
  keptOn(id: string, hostId: string, bytes: number): boolean {
    const entry = this.#entries.get(id);
    if (entry?.state.kind === "remote" && entry.state.bytes === bytes) entry.state.hosts.add(hostId);
    else if (entry?.state.kind === "local" && byteLengthOf(entry.state.value) === bytes) {
      entry.replicas ??= new Set();
      entry.replicas.add(hostId);
    } else {
      this.#onFree(id, new Set([hostId]));
      return false;
    }
    return true;
  }

  /** These hosts hold an object: if it is here, it need not be any longer. */
  leaveTo(id: string, hostIds: readonly string[]): void {
    const entry = this.#entries.get(id);
    if (entry?.state.kind !== "local") return;
    entry.state = { kind: "remote", hosts: new Set(hostIds), bytes: byteLengthOf(entry.state.value) };
    entry.replicas = undefined;
  }

  /** Others hold an object, and this host may forget it. */
  movedFrom(id: string, hostId: string): void {
    const entry = this.#entries.get(id);
    if (entry?.state.kind !== "remote" || entry.state.hosts.size < 2 || !entry.state.hosts.delete(hostId))
      return;
    entry.copies?.delete(hostId);
    this.#onFree(id, new Set([hostId]));
  }

  /** The owner has fetched an object for good; the hosts that it was taken from may forget it. */
  bringHome(id: string, value: Encoded): void {
    const entry = this.#entries.get(id);
    if (entry?.state.kind !== "remote") return;
    const { hosts } = entry.state;
    entry.state = { kind: "local", value };
    this.#onFree(id, hosts);
  }

  /** Nobody can tell what became of an object: it fails, unless its value is here. */
  fail(id: string, error: Error): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.state.kind === "local") return;
    const { state } = entry;
    this.revive(entry);
    this.decide(entry, { kind: "failed", error });
    if (state.kind === "remote") this.#onFree(id, state.hosts);
  }

  /** Others may ask for an object: the table keeps it, whatever it comes to be. */
  keep(id: string): void {
    const entry = this.#entries.get(id);
    const keeper = entry?.keeper;
    if (keeper === undefined) return;
    entry!.keeper = undefined;
    keeper.leave();
  }

  /** A host has stored an object too late; it may forget it, unless that is where the object is. */
  disown(id: string, hostId: string): void {
    const state = this.state(id);
    if (state?.kind !== "remote" || !state.hosts.has(hostId)) this.#onFree(id, new Set([hostId]));
  }

  /** A host that was told to fetch an object has done so: it is there as well. */
  isAlsoOn(id: string, hostId: string): void {
    const entry = this.#entries.get(id);
    if (entry?.state.kind === "remote" && entry.copies?.has(hostId)) entry.state.hosts.add(hostId);
  }

  /** A host is gone. Returns what only it held: that is lost, and pending. */
  forgetHost(hostId: string): Entry[] {
    const lost: Entry[] = [];
    for (const entry of this.#entries.values()) {
      entry.copies?.delete(hostId);
      entry.replicas?.delete(hostId);
      if (this.#leaves(entry, hostId)) lost.push(entry);
    }
    return lost;
  }

  /** These hosts don't give an object that they were thought to hold. Returns it if it is lost by that, and so pending. */
  missing(id: string, hostIds: readonly string[]): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    let isLost = false;
    for (const hostId of hostIds) {
      // A task that waits there may fetch it yet, so it is told again in the end; until then it is the last to be asked.
      if (entry.copies?.delete(hostId)) entry.copies.add(hostId);
      if (this.#leaves(entry, hostId)) isLost = true;
    }
    // One that has it after all is not to keep it for ever.
    this.#onFree(id, new Set(hostIds));
    return isLost ? entry : undefined;
  }

  /** How an object that hosts hold can be made again. */
  comesFrom(id: string, origin: Origin): void {
    const entry = this.#entries.get(id);
    if (entry?.state.kind === "remote") this.#setOrigin(entry, origin);
  }

  /** Lets go of an object that is lost if nobody needs it. Returns whether that is so. */
  forgetUnused(entry: Entry): boolean {
    if (entry.heldCount > 0 || entry.users > 0) return false;
    entry.state = released;
    this.#free([entry]);
    return true;
  }

  /** Somebody needs an object whose value is gone: it is pending, and about to be made again. */
  revive(entry: Entry): void {
    entry.state = { kind: "pending" };
  }

  /** An object is on a host no longer. Returns whether it is lost by that. */
  #leaves(entry: Entry, hostId: string): boolean {
    if (entry.state.kind !== "remote" || !entry.state.hosts.delete(hostId)) return false;
    if (entry.state.hosts.size > 0) return false;
    this.revive(entry);
    return true;
  }

  /** Remembers how an object can be made again, or that it need not be. */
  #setOrigin(entry: Entry, origin: Origin | undefined): void {
    const unused: Entry[] = [];
    this.#dropOrigin(entry, unused);
    entry.origin = origin;
    if (origin !== undefined) {
      for (const ref of origin.refs) this.#entries.get(ref)!.madeOfIt++;
      this.#lineage.add(entry, origin);
      for (let oldest = this.#lineage.excess; oldest !== undefined; oldest = this.#lineage.excess) {
        this.#dropOrigin(oldest, unused);
        oldest.origin = "evicted";
      }
    }
    this.#free(unused);
  }

  #dropOrigin(entry: Entry, unused: Entry[]): void {
    const { origin } = entry;
    entry.origin = undefined;
    if (typeof origin !== "object") return;
    this.#lineage.remove(entry, origin);
    for (const ref of origin.refs) {
      const held = this.#entries.get(ref)!;
      held.madeOfIt--;
      unused.push(held);
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
    if (entry.heldCount > 0 || entry.users > 0) return;
    this.#free([entry]);
  }

  /** Frees those that are not in use. */
  #free(unused: Entry[]): void {
    // Not by calls in each other: values may hold refs of values that hold refs, as deep as they like.
    for (let next = unused.pop(); next !== undefined; next = unused.pop()) {
      const { id, heldCount, users, madeOfIt, state, isPart, origin } = next;
      if (heldCount > 0 || users > 0 || state.kind === "pending") continue;
      if (madeOfIt > 0) {
        if (isPart && origin === undefined) continue;
        if (state.kind !== "released") this.#freeValue(next, unused);
        next.state = released;
        continue;
      }
      // A listener may have ended its last use, and so have freed it already.
      if (!this.#entries.delete(id)) continue;
      if (state.kind === "released") this.#onFree(id, noHosts);
      else this.#freeValue(next, unused);
      this.#dropOrigin(next, unused);
    }
  }

  #freeValue(entry: Entry, unused: Entry[]): void {
    const { id, state, inner, copies, replicas = noHosts } = entry;
    const hosts = state.kind === "remote" ? state.hosts : replicas;
    this.#onFree(id, copies === undefined ? hosts : new Set([...copies, ...hosts]));
    entry.copies = undefined;
    entry.replicas = undefined;
    entry.inner = none;
    for (const each of inner) {
      const held = this.#entries.get(each)!;
      held.users--;
      unused.push(held);
    }
  }
}

/** An object as a table keeps it; one that is in no table is of use, too, where its outcome is of none. */
export function entryOf(id: string, state: ObjectState, inner: readonly string[], keeper?: Keeper): Entry {
  // Not by spreading, which takes microseconds, and this is done for each task.
  return {
    id,
    state,
    heldCount: 1,
    users: 0,
    madeOfIt: 0,
    origin: undefined,
    isPart: false,
    inner,
    copies: undefined,
    replicas: undefined,
    listeners: undefined,
    keeper,
    recording: undefined,
  };
}
