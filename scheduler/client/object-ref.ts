/**
 * The future of a task's result, or of a `put` value. It holds no value: `get` does. When the program drops its last
 * copy of a ref, and no task needs it, the object is let go of everywhere.
 */
export class ObjectRef<T = unknown> {
  readonly id: string;
  /** Only for types: refs of different values are different. */
  declare readonly value?: T;

  constructor(id: string) {
    this.id = id;
  }

  toString(): string {
    return `ObjectRef(${this.id})`;
  }
}

/** The values of a list of refs; those of a tuple keep their places. */
export type ValuesOf<Refs extends readonly ObjectRef[]> = {
  -readonly [Index in keyof Refs]: Refs[Index] extends ObjectRef<infer Value> ? Value : never;
};
