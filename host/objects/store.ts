/** A `result` may be nowhere else; of a `copy`, its owner or another host has the original. */
type Stored = { value: Uint8Array; owner: string; kind: "result" | "copy" };

/** The encoded values that a host keeps for clients, in shared memory, so that workers read them without a copy. */
export class ObjectStore {
  readonly #objects = new Map<string, Stored>();

  get(id: string): Uint8Array | undefined {
    return this.#objects.get(id)?.value;
  }

  /** Keeps a value for its owner. */
  add(id: string, value: Uint8Array, owner: string, kind: Stored["kind"]): void {
    this.#objects.set(id, { value, owner, kind });
  }

  /** Lets go of an object, if it is this owner's. */
  release(id: string, owner: string): void {
    if (this.#objects.get(id)?.owner === owner) this.#objects.delete(id);
  }

  releaseAllOf(owner: string): void {
    for (const [id, stored] of this.#objects) if (stored.owner === owner) this.#objects.delete(id);
  }

  /** Whether these owners have results here that may be nowhere else. */
  hasResultsOf(isOwner: (owner: string) => boolean): boolean {
    for (const { owner, kind } of this.#objects.values())
      if (kind === "result" && isOwner(owner)) return true;
    return false;
  }
}

/** A copy in shared memory. */
export function shared(value: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(value.byteLength));
  copy.set(value);
  return copy;
}
