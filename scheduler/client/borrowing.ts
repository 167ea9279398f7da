import type { Bus } from "../bus/bus.ts";
import { pullObject } from "../objects/transfer.ts";
import { AbsentOwners } from "../ownership/absent-owners.ts";
import type { ObjectTable } from "../ownership/object-table.ts";
import { decodeBorrowReply, encodeMessage } from "../protocol/codec.ts";
import { fromWireError, ObjectLostError, OwnerDiedError } from "../protocol/errors.ts";
import type { BorrowReply, BorrowRequest, Held } from "../protocol/messages.ts";
import type { Subjects } from "../protocol/subjects.ts";

/** How often it is looked whether owners are there, in ms. */
const lookMs = 200;
/** How often owners are told which of their objects are still held here, in ms, and how many in a message. */
const renewMs = 2_000;
const mostNamed = 1_000;
/** How long an owner's answer is waited for. */
const answerMs = 2_000;
const retryMs = 50;

export type BorrowingDeps = {
  bus: Bus;
  subjects: Subjects;
  objects: ObjectTable;
  clientId: string;
};

/** The objects that this client has a ref of, and another owns: what it knows of them, it asks their owners. */
export class Borrowing {
  readonly #deps: BorrowingDeps;
  /** Who owns each of them … */
  readonly #borrowed = new Map<string, string>();
  /** … and which each owner owns that is not known to be dead. */
  readonly #byOwner = new Map<string, Set<string>>();
  readonly #absent: AbsentOwners;
  #lookedMs = 0;
  #renewedMs = 0;

  constructor(deps: BorrowingDeps) {
    this.#deps = deps;
    const { bus, subjects } = deps;
    this.#absent = new AbsentOwners({
      isListening: (owner) => bus.isListening(subjects.alive(owner)),
      died: (owner) => this.#ownerDied(owner),
      nowMs: () => performance.now(),
    });
  }

  /** Whose an object is that this client has borrowed. */
  ownerOf(id: string): string | undefined {
    return this.#borrowed.get(id);
  }

  /** Takes up an object of another owner; the table knows it from now on, and has its value when the owner has it. */
  borrow(id: string, owner: string): void {
    this.#deps.objects.create(id).origin = "borrowed";
    this.#borrowed.set(id, owner);
    void this.#ask(id);
  }

  /** An object that was here is lost, and pending: its owner makes it again. */
  lost(id: string, missing: readonly string[]): void {
    void this.#ask(id, missing);
  }

  /** This client holds no ref of an object any more. */
  freed(id: string): void {
    const owner = this.#borrowed.get(id);
    if (owner === undefined) return;
    this.#forget(id, owner);
    const { bus, subjects, clientId: borrower } = this.#deps;
    // When that is lost, its lease ends by itself.
    bus.publish(
      subjects.borrow(owner),
      encodeMessage({ id, borrower, isBack: true } satisfies BorrowRequest),
    );
  }

  /** Gives back everything; what has not come by now fails. */
  close(failure: Error): void {
    const { objects } = this.#deps;
    for (const id of [...this.#borrowed.keys()]) {
      this.freed(id);
      objects.settle(id, { kind: "failed", error: failure });
    }
  }

  /** Our connection was lost, and is back. */
  reconnected(): void {
    this.#absent.reconnected();
  }

  /** To be called now and then. */
  tick(): void {
    if (this.#borrowed.size === 0) return;
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs < lookMs) return;
    this.#lookedMs = nowMs;
    this.#absent.look(new Set(this.#byOwner.keys()));
    if (nowMs - this.#renewedMs < renewMs) return;
    this.#renewedMs = nowMs;
    for (const [owner, held] of this.#byOwner) this.#renew(owner, [...held]);
  }

  #renew(owner: string, held: string[]): void {
    const { bus, subjects, clientId: borrower } = this.#deps;
    for (let from = 0; from < held.length; from += mostNamed) {
      const ids = held.slice(from, from + mostNamed);
      bus.publish(subjects.held(owner), encodeMessage({ borrower, ids } satisfies Held));
    }
  }

  #forget(id: string, owner: string): void {
    this.#borrowed.delete(id);
    const held = this.#byOwner.get(owner);
    held?.delete(id);
    if (held?.size === 0) this.#byOwner.delete(owner);
  }

  /** Asks until the owner knows what became of an object, or is dead. */
  async #ask(id: string, missing?: readonly string[]): Promise<void> {
    const { objects } = this.#deps;
    const owner = this.#borrowed.get(id);
    if (owner === undefined) return;
    // One that was taken for dead may be back, and is found dead anew if it is not.
    this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? new Set()).add(id));
    let request: Pick<BorrowRequest, "id" | "missing"> = { id, ...(missing && { missing: [...missing] }) };
    while (this.#borrowed.has(id) && objects.state(id)?.kind === "pending") {
      try {
        const reply = await this.#request(owner, request);
        request = { id };
        if (reply.kind !== "pending") await this.#settle(id, owner, reply);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
      }
    }
  }

  async #settle(id: string, owner: string, reply: BorrowReply): Promise<void> {
    const { objects } = this.#deps;
    switch (reply.kind) {
      case "value":
        objects.settle(id, { kind: "local", value: reply.value });
        return;
      case "error":
        objects.settle(id, { kind: "failed", error: fromWireError(reply.error) });
        return;
      case "unknown":
        objects.settle(id, { kind: "failed", error: notThere(id, owner) });
        return;
      case "stored":
        if (reply.hosts.length > 0) {
          objects.settle(id, { kind: "remote", hosts: new Set(reply.hosts), bytes: reply.bytes });
        } else {
          const value = await this.#fetch(id, owner);
          objects.settle(id, { kind: "local", value });
        }
    }
  }

  #fetch(id: string, owner: string): Promise<Uint8Array> {
    const { bus, subjects } = this.#deps;
    const at = [{ kind: "client" as const, id: owner }];
    return pullObject(bus, subjects, { ref: id, at }, (bytes) => new Uint8Array(bytes));
  }

  async #request(owner: string, request: Omit<BorrowRequest, "borrower">): Promise<BorrowReply> {
    const { bus, subjects, clientId } = this.#deps;
    const payload = encodeMessage({ ...request, borrower: clientId });
    return decodeBorrowReply(await bus.request(subjects.borrow(owner), payload, answerMs));
  }

  #ownerDied(owner: string): void {
    const { objects } = this.#deps;
    const ids = this.#byOwner.get(owner) ?? [];
    this.#byOwner.delete(owner);
    for (const id of ids) {
      const error = new OwnerDiedError(`the client ${owner}, which owns object ${id}, died`, {
        remedy: "What has to outlive its program is a job: options({ durable: true }).",
        data: { id, owner },
      });
      objects.fail(id, error);
    }
  }
}

export const notThere = (id: string, owner: string) =>
  new ObjectLostError(`object ${id} is lost: its owner, client ${owner}, has let go of it`, {
    remedy: "Have the owner hold the ref until others have borrowed it.",
    data: { id, owner, reason: "freed" },
  });
