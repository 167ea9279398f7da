type Stored = { value: Uint8Array; owner: string };

/** The encoded values that a host keeps for clients, in shared memory, so that workers read them without a copy. */
export class ObjectStore {
  readonly #objects = new Map<string, Stored>();

  get(id: string): Uint8Array | undefined {
    return this.#objects.get(id)?.value;
  }

  /** Keeps a value for its owner. */
  add(id: string, value: Uint8Array, owner: string): void {
    this.#objects.set(id, { value, owner });
  }

  /** Lets go of an object, if it is this owner's. */
  release(id: string, owner: string): void {
    if (this.#objects.get(id)?.owner === owner) this.#objects.delete(id);
  }

  releaseAllOf(owner: string): void {
    for (const [id, stored] of this.#objects) if (stored.owner === owner) this.#objects.delete(id);
  }

  get count(): number {
    return this.#objects.size;
  }
}

/** A copy in shared memory. */
export function shared(value: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(value.byteLength));
  copy.set(value);
  return copy;
}
