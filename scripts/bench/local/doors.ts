import type { Client, ObjectRef } from "wray";

/** What a client may have beside what every client has. */
type Doors = {
  /** Blocks this thread until a ref is ready. */
  getSync(ref: ObjectRef): unknown;
  /** Lets go of a ref at once. */
  free(ref: ObjectRef): void;
};

/** What a kernel may have. */
type Mapping = {
  /** A call for each element, as one ref. */
  map(xs: Float64Array, other: number): ObjectRef<Float64Array>;
};

export const doorsOf = (wray: Client): Partial<Doors> => wray as Client & Partial<Doors>;

export const mappingOf = (kernel: object): Partial<Mapping> => kernel as Partial<Mapping>;
