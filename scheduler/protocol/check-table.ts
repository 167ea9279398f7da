/**
 * Makes sure that an IPC stream of Arrow holds what its messages claim, before a library makes room for it: a schema
 * first, whole messages, an end; in each, no more fields, nodes and text than its metadata has bytes, and buffers that
 * lie in its body. Formats: arrow.apache.org, "Serialization and Interprocess Communication (IPC)".
 *
 *     int32     -1
 *     int32     length of the metadata, with padding; 0 at the end
 *     …         metadata: a FlatBuffers table `Message`
 *     …         body, with padding
 *
 * @throws RangeError when it does not
 */
export function checkTable(stream: Uint8Array): void {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  let columns: Columns | undefined;
  let offset = 0;
  while (true) {
    if (view.getInt32(offset, true) !== -1) throw new RangeError(`no message begins at byte ${offset}`);
    const metadataBytes = view.getInt32(offset + 4, true);
    offset += 8;
    if (metadataBytes === 0 && columns !== undefined) break;
    if (metadataBytes <= 0 || metadataBytes > stream.byteLength - offset) {
      throw new RangeError(`a message claims ${metadataBytes} bytes of metadata`);
    }
    const message = Table.root(stream.subarray(offset, offset + metadataBytes));
    offset += metadataBytes;
    const bodyBytes = message.count(3);
    if (columns === undefined) columns = checkSchema(message);
    else checkBatch(message, columns, bodyBytes);
    if (bodyBytes > stream.byteLength - offset)
      throw new RangeError(`a message claims a body of ${bodyBytes} bytes`);
    offset += bodyBytes;
  }
  if (offset !== stream.byteLength) throw new RangeError("bytes follow its end");
}

/** Of the union `MessageHeader`. */
const headers = { schema: 1, dictionaryBatch: 2, recordBatch: 3 };
/** Of the union `Type`, the only one with text. */
const timestampType = 10;

/** How many nodes of a batch each column has: one for itself, and those of its children. */
type Columns = number[];

function checkSchema(message: Table): Columns {
  const schema = message.byte(1) === headers.schema ? message.table(2) : undefined;
  if (schema === undefined) throw new RangeError("it does not begin with a schema");
  checkTexts(message, 4);
  checkTexts(schema, 2);
  schema.vector(3, 8);
  return Array.from(schema.tables(1), checkField);
}

/** Returns how many nodes it has. */
function checkField(field: Table): number {
  field.text(0);
  const type = field.table(3);
  if (field.byte(2) === timestampType) type?.text(1);
  checkTexts(field, 6);
  let nodeCount = 1;
  for (const child of field.tables(5)) nodeCount += checkField(child);
  // The children of a dictionary's type are nodes of its own batch.
  return field.table(4) === undefined ? nodeCount : 1;
}

/** A vector of `KeyValue`. */
function checkTexts(table: Table, slot: number): void {
  for (const pair of table.tables(slot)) {
    pair.text(0);
    pair.text(1);
  }
}

function checkBatch(message: Table, columns: Columns, bodyBytes: number): void {
  const isOfRows = message.byte(1) === headers.recordBatch;
  const isDictionary = message.byte(1) === headers.dictionaryBatch;
  const batch = isOfRows ? message.table(2) : isDictionary ? message.table(2)?.table(1) : undefined;
  if (batch === undefined) throw new RangeError("a message is no batch");
  checkTexts(message, 4);
  const rowCount = batch.count(0);
  const nodes = [...batch.pairs(1)];
  for (const [length, nullCount] of nodes) {
    if (length < 0) throw new RangeError(`a column of ${length} elements`);
    // -1 is written where nobody has counted.
    if (nullCount > length || nullCount < -1)
      throw new RangeError(`a column of ${length} has ${nullCount} nulls`);
  }
  // The library would make those that are shorter longer.
  let next = 0;
  for (const nodeCount of isOfRows ? columns : []) {
    if (nodes[next]?.[0] !== rowCount)
      throw new RangeError(`a column has not the ${rowCount} rows of its batch`);
    next += nodeCount;
  }
  for (const [start, length] of batch.pairs(2)) {
    if (start < 0 || length < 0 || start + length > bodyBytes)
      throw new RangeError("a buffer lies past its body");
  }
  batch.vector(4, 8);
}

/** A table of FlatBuffers. Its fields are known by their slots, in the order of the schema of Arrow. */
class Table {
  readonly #view: DataView;
  readonly #position: number;
  readonly #fields: number;
  readonly #fieldsBytes: number;
  /** Bytes that may still be claimed. Tables may share their parts, and a few bytes so stand for endlessly many. */
  readonly #budget: { bytes: number };

  private constructor(view: DataView, position: number, budget: { bytes: number }) {
    this.#view = view;
    this.#position = position;
    this.#budget = budget;
    this.#claim(4);
    this.#fields = position - view.getInt32(position, true);
    this.#fieldsBytes = view.getUint16(this.#fields, true);
  }

  static root(bytes: Uint8Array): Table {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new Table(view, view.getUint32(0, true), { bytes: 2 * bytes.byteLength });
  }

  byte(slot: number): number {
    const at = this.#at(slot);
    return at === 0 ? 0 : this.#view.getUint8(at);
  }

  /** An integer of 64 bits that counts something. */
  count(slot: number): number {
    const at = this.#at(slot);
    const count = at === 0 ? 0 : this.#integerAt(at);
    if (count < 0) throw new RangeError(`${count} is no count`);
    return count;
  }

  table(slot: number): Table | undefined {
    const at = this.#at(slot);
    return at === 0 ? undefined : this.#tableAt(at);
  }

  text(slot: number): void {
    this.vector(slot, 1);
  }

  *tables(slot: number): Iterable<Table> {
    const { start, length } = this.vector(slot, 4);
    for (let index = 0; index < length; index++) yield this.#tableAt(start + 4 * index);
  }

  /** A vector of structures of two integers of 64 bits. */
  *pairs(slot: number): Iterable<[number, number]> {
    const { start, length } = this.vector(slot, 16);
    for (let index = 0; index < length; index++) {
      yield [this.#integerAt(start + 16 * index), this.#integerAt(start + 16 * index + 8)];
    }
  }

  /** Where the elements of a vector are, all of which are there. */
  vector(slot: number, elementBytes: number): { start: number; length: number } {
    const at = this.#at(slot);
    if (at === 0) return { start: 0, length: 0 };
    const start = at + this.#view.getUint32(at, true) + 4;
    const length = this.#view.getUint32(start - 4, true);
    if (length * elementBytes > this.#view.byteLength - start) {
      throw new RangeError(`${length} elements are due in ${this.#view.byteLength - start} bytes`);
    }
    this.#claim(length * elementBytes);
    return { start, length };
  }

  /** Where a field is, or 0. */
  #at(slot: number): number {
    const entry = 4 + 2 * slot;
    if (entry + 2 > this.#fieldsBytes) return 0;
    const offset = this.#view.getUint16(this.#fields + entry, true);
    return offset === 0 ? 0 : this.#position + offset;
  }

  #tableAt(at: number): Table {
    return new Table(this.#view, at + this.#view.getUint32(at, true), this.#budget);
  }

  #integerAt(at: number): number {
    const integer = Number(this.#view.getBigInt64(at, true));
    if (!Number.isSafeInteger(integer)) throw new RangeError(`${integer} is past 2^53`);
    return integer;
  }

  #claim(bytes: number): void {
    this.#budget.bytes -= bytes;
    if (this.#budget.bytes < 0) throw new RangeError("a message claims more than its metadata has");
  }
}
