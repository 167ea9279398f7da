import { toWireError } from "../protocol/errors.ts";
import { type BorrowReply, type BorrowRequest, inlineBytes } from "../protocol/messages.ts";
import { bytesOf } from "../protocol/value.ts";
import type { ObjectTable, ReadyState } from "./object-table.ts";

/** A borrower that has not asked for so long, in ms, has an object no longer. */
const leaseMs = 10_000;
/** How long a borrower waits for an answer about what is pending, before it hears that it still is. */
const patienceMs = 1_000;

export type LendingDeps = {
  objects: ObjectTable;
  /** These hosts did not give an object when a borrower asked them. */
  missing(id: string, hostIds: readonly string[]): void;
  nowMs(): number;
};

/** The objects of this client that others hold refs of: they are kept as long as these do. */
export class Lending {
  readonly #deps: LendingDeps;
  /** Until when each borrower has each object, by id and borrower. */
  readonly #leases = new Map<string, Map<string, number>>();

  constructor(deps: LendingDeps) {
    this.#deps = deps;
  }

  /** A borrower asks for an object, or gives it back. Resolves with what is to be answered. */
  async asked({ id, borrower, missing, isBack }: BorrowRequest): Promise<BorrowReply> {
    const { objects } = this.#deps;
    if (isBack) {
      this.#end(id, borrower);
      return { kind: "unknown" };
    }
    // What is known only because others were made of it nobody holds any more, so nobody can pass it on.
    if ((objects.state(id) ?? released).kind === "released") return { kind: "unknown" };
    this.#renew(id, borrower);
    if (missing !== undefined) this.#deps.missing(id, missing);
    const state = await this.#readySoon(id);
    return state ? replyOf(state) : { kind: "pending" };
  }

  /** To be called now and then. */
  tick(): void {
    const nowMs = this.#deps.nowMs();
    for (const [id, leases] of this.#leases)
      for (const [borrower, untilMs] of leases) if (untilMs < nowMs) this.#end(id, borrower);
  }

  #renew(id: string, borrower: string): void {
    let leases = this.#leases.get(id);
    if (leases === undefined) {
      leases = new Map();
      this.#leases.set(id, leases);
    }
    if (!leases.has(borrower)) this.#deps.objects.hold(id);
    leases.set(borrower, this.#deps.nowMs() + leaseMs);
  }

  #end(id: string, borrower: string): void {
    const leases = this.#leases.get(id);
    if (!leases?.delete(borrower)) return;
    if (leases.size === 0) this.#leases.delete(id);
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
