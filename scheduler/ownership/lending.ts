import { toWireError } from "../protocol/errors.ts";
import { type BorrowReply, type BorrowRequest, type Held, inlineBytes } from "../protocol/messages.ts";
import { bytesOf } from "../protocol/value.ts";
import { AbsentOwners } from "./absent-owners.ts";
import type { ObjectTable, ReadyState } from "./object-table.ts";

/** A borrower that names what it holds, and an object not for so long, in ms, has that no longer. */
const leaseMs = 10_000;
/** One that says nothing for so long is looked for: it may only be busy … */
const silentMs = 5_000;
/** … and is gone in any case after this. */
const mostSilentMs = 60_000;
/** How long a borrower waits for an answer about what is pending, before it hears that it still is. */
const patienceMs = 1_000;

export type LendingDeps = {
  objects: ObjectTable;
  /** These hosts did not give an object when a borrower asked them. */
  missing(id: string, hostIds: readonly string[]): void;
  /** Whether anybody listens where a borrower should, as far as the server knows. */
  isListening(borrower: string): Promise<boolean>;
  nowMs(): number;
};

type Borrower = {
  heardMs: number;
  /** When it said last that it has each object, by id. */
  readonly leases: Map<string, number>;
};

/** The objects of this client that others hold refs of: they are kept as long as these do. */
export class Lending {
  readonly #deps: LendingDeps;
  readonly #borrowers = new Map<string, Borrower>();
  readonly #absent: AbsentOwners;
  #isClosed = false;

  constructor(deps: LendingDeps) {
    this.#deps = deps;
    const { isListening, nowMs } = deps;
    this.#absent = new AbsentOwners({ isListening, nowMs, died: (borrower) => this.#forget(borrower) });
  }

  /** A borrower asks for an object, or gives it back. Resolves with what is to be answered. */
  async asked({ id, borrower, missing, isBack }: BorrowRequest): Promise<BorrowReply> {
    if (isBack) {
      this.#end(id, borrower);
      return { kind: "unknown" };
    }
    if (!this.#renew(id, borrower)) return { kind: "unknown" };
    if (missing !== undefined) this.#deps.missing(id, missing);
    const state = await this.#readySoon(id);
    // What fails because its owner leaves fails for others when they find that it is gone.
    return state && !this.#isClosed ? replyOf(state) : { kind: "pending" };
  }

  /** Its owner leaves. */
  close(): void {
    this.#isClosed = true;
  }

  /** A borrower names objects that it has. */
  held({ borrower, ids }: Held): void {
    for (const id of ids) this.#renew(id, borrower);
  }

  /** Nobody could be heard for a while: all get their time anew. */
  forgive(): void {
    const nowMs = this.#deps.nowMs();
    for (const borrower of this.#borrowers.values()) {
      borrower.heardMs = nowMs;
      for (const id of borrower.leases.keys()) borrower.leases.set(id, nowMs);
    }
  }

  /** Our connection was lost, and is back. */
  reconnected(): void {
    this.forgive();
    this.#absent.reconnected();
  }

  /** To be called now and then. */
  tick(): void {
    if (this.#borrowers.size === 0) return;
    const nowMs = this.#deps.nowMs();
    const silent = new Set<string>();
    for (const [name, { heardMs, leases }] of this.#borrowers) {
      if (nowMs - heardMs > mostSilentMs) this.#forget(name);
      else if (nowMs - heardMs > silentMs) silent.add(name);
      else for (const [id, saidMs] of leases) if (heardMs - saidMs > leaseMs) this.#end(id, name);
    }
    this.#absent.look(silent);
  }

  /** False when there is no such object that anybody holds. */
  #renew(id: string, name: string): boolean {
    const { objects, nowMs } = this.#deps;
    // What is known only because others were made of it nobody holds any more, so nobody can pass it on.
    if ((objects.state(id) ?? released).kind === "released") return false;
    let borrower = this.#borrowers.get(name);
    if (borrower === undefined) {
      borrower = { heardMs: 0, leases: new Map() };
      this.#borrowers.set(name, borrower);
    }
    borrower.heardMs = nowMs();
    if (!borrower.leases.has(id)) objects.hold(id);
    borrower.leases.set(id, borrower.heardMs);
    return true;
  }

  #forget(name: string): void {
    for (const id of [...(this.#borrowers.get(name)?.leases.keys() ?? [])]) this.#end(id, name);
  }

  #end(id: string, name: string): void {
    const leases = this.#borrowers.get(name)?.leases;
    if (!leases?.delete(id)) return;
    if (leases.size === 0) this.#borrowers.delete(name);
    this.#deps.objects.drop(id);
  }

  /** What an object has come to; undefined when that takes long. Then nobody waits here any more: it may be asked for often. */
  #readySoon(id: string): Promise<ReadyState | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        stop();
        resolve(undefined);
      }, patienceMs).unref();
      const stop = this.#deps.objects.whenReady(id, (state) => {
        clearTimeout(timer);
        resolve(state);
      });
    });
  }
}

const released = { kind: "released" } as const;

function replyOf(state: ReadyState): BorrowReply {
  switch (state.kind) {
    case "failed":
      return { kind: "error", error: toWireError(state.error) };
    case "remote":
      return { kind: "stored", bytes: state.bytes, hosts: [...state.hosts] };
    case "local": {
      const value = bytesOf(state.value);
      // A large one is to be fetched from here.
      return value.byteLength <= inlineBytes
        ? { kind: "value", value }
        : { kind: "stored", bytes: value.byteLength, hosts: [] };
    }
  }
}
