/** An Arrow table as bytes, for who has no need of the columns: the library that knows them is not loaded here. */
export class EncodedTable {
  /** Its IPC stream, in parts: a schema, dictionaries and record batches. */
  readonly parts: readonly Uint8Array[];

  constructor(parts: readonly Uint8Array[]) {
    this.parts = parts;
  }

  get byteLength(): number {
    return this.parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
}

/** By what the library of Arrow marks its tables, whichever copy of it made them. */
const tableMark = Symbol.for("apache-arrow/Table");

/** Whether this is a table of the library of Arrow. */
export const isTable = (value: unknown): value is object =>
  typeof value === "object" && value !== null && tableMark in value;
