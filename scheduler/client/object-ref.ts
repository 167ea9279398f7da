/** What a ref stands for, as who owns it knows it. */
export interface Handle {
  readonly id: string;
  /** Lets go of the object, whoever still holds a ref of it. */
  free(): void;
}

/** The handle of a ref, which programs don't see. */
export let handleOf: (ref: ObjectRef) => Handle;

/**
 * The future of a task's result, or of a `put` value. It holds no value: `get` does. When the program drops its last
 * copy of a ref, and no task needs it, the object is let go of everywhere; `using`, or `Client.free`, does that at once.
 */
export class ObjectRef<T = unknown> {
  readonly #handle: Handle;
  /** Only for types: refs of different values are different. */
  declare readonly value?: T;

  /** Refs are made by `remote()` and `put()`. */
  constructor(handle: Handle) {
    this.#handle = handle;
  }

  static {
    handleOf = (ref) => ref.#handle;
  }

  get id(): string {
    return this.#handle.id;
  }

  [Symbol.dispose](): void {
    this.#handle.free();
  }

  toString(): string {
    return `ObjectRef(${this.id})`;
  }
}

/** The values of a list of refs; those of a tuple keep their places. */
export type ValuesOf<Refs extends readonly ObjectRef[]> = {
  -readonly [Index in keyof Refs]: Refs[Index] extends ObjectRef<infer Value> ? Value : never;
};
