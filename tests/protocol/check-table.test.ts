import { tableFromArrays, tableToIPC } from "apache-arrow";
import { checkTable } from "../../scheduler/protocol/check-table.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("checkTable");

/** Writes FlatBuffers by hand: each part after the ones that refer to it. */
class Metadata {
  readonly bytes = new Uint8Array(4096);
  readonly #view = new DataView(this.bytes.buffer);
  #end = 4;

  /** A table with these fields: a number for a byte, a bigint for 64 bits, "→" for what `link` will fill in. */
  table(fields: Record<number, number | bigint | "→">): { at: number; links: number[] } {
    const slots = Object.keys(fields).map(Number);
    const vtable = this.#end;
    const vtableBytes = 4 + 2 * (Math.max(-1, ...slots) + 1);
    const at = vtable + vtableBytes;
    this.#view.setUint16(vtable, vtableBytes, true);
    this.#view.setInt32(at, vtableBytes, true);
    let next = at + 4;
    const links: number[] = [];
    for (const slot of slots) {
      this.#view.setUint16(vtable + 4 + 2 * slot, next - at, true);
      const field = fields[slot]!;
      if (typeof field === "bigint") this.#view.setBigInt64(next, field, true);
      else if (field !== "→") this.#view.setUint8(next, field);
      links.push(next);
      next += 8;
    }
    this.#end = next;
    return { at, links };
  }

  /** A vector that claims `length`, with these offsets to fill in. */
  vector(length: number, linkCount: number): { at: number; links: number[] } {
    const at = this.#end;
    this.#view.setUint32(at, length, true);
    this.#end = at + 4 + 4 * linkCount;
    return { at, links: Array.from({ length: linkCount }, (_, index) => at + 4 + 4 * index) };
  }

  link(from: number, to: { at: number }): void {
    this.#view.setUint32(from, to.at - from, true);
  }

  /** A stream of this message alone, and an end. */
  stream(root: { at: number }): Uint8Array {
    this.#view.setUint32(0, root.at, true);
    const words = Int32Array.of(-1, this.#end);
    return Uint8Array.of(
      ...new Uint8Array(words.buffer),
      ...this.bytes.slice(0, this.#end),
      ...new Uint8Array(Int32Array.of(-1, 0).buffer),
    );
  }
}

/** A stream whose schema has a vector of fields that claims `length`. */
function schemaOf(length: number): Uint8Array {
  const metadata = new Metadata();
  const message = metadata.table({ 1: 1, 2: "→" });
  const schema = metadata.table({ 1: "→" });
  metadata.link(message.links[1]!, schema);
  metadata.link(schema.links[0]!, metadata.vector(length, 0));
  return metadata.stream(message);
}

/** A field whose only child list has the same child twice, and so on: `depth` tables stand for 2^depth. */
function sharedFields(depth: number): Uint8Array {
  const metadata = new Metadata();
  const message = metadata.table({ 1: 1, 2: "→" });
  const schema = metadata.table({ 1: "→" });
  metadata.link(message.links[1]!, schema);
  let parents = metadata.vector(1, 1);
  metadata.link(schema.links[0]!, parents);
  for (let level = 0; level < depth; level++) {
    const field = metadata.table({ 5: "→" });
    for (const link of parents.links) metadata.link(link, field);
    parents = metadata.vector(2, 2);
    metadata.link(field.links[0]!, parents);
  }
  const leaf = metadata.table({});
  for (const link of parents.links) metadata.link(link, leaf);
  return metadata.stream(message);
}

const isRefused = (stream: Uint8Array, message: string) =>
  assert.throws(
    () => checkTable(stream),
    (error: Error) => {
      assert.instance(error, RangeError);
      assert.match(error.message, message);
      return true;
    },
  );

test("checkTable() takes what the library writes", () => {
  for (const table of [{}, { a: [1, 2] }, { a: ["x", null], b: [true, false] }]) {
    checkTable(tableToIPC(tableFromArrays(table as Record<string, unknown[]>)));
  }
});

test("checkTable() takes a schema without fields, and refuses one that claims more than its bytes", () => {
  checkTable(schemaOf(0));
  for (const length of [1, 1_000, 2 ** 31 - 1, 2 ** 32 - 1])
    isRefused(schemaOf(length), "elements are due in");
});

test("checkTable() takes some fields in each other, and refuses those that share their children endlessly", () => {
  checkTable(sharedFields(2));
  isRefused(sharedFields(40), "more than its metadata has");
});

test("checkTable() refuses a field that is its own child", () => {
  const metadata = new Metadata();
  const message = metadata.table({ 1: 1, 2: "→" });
  const schema = metadata.table({ 1: "→" });
  metadata.link(message.links[1]!, schema);
  const fields = metadata.vector(1, 1);
  metadata.link(schema.links[0]!, fields);
  const field = metadata.table({ 5: "→" });
  metadata.link(fields.links[0]!, field);
  // The library takes offsets for signed, so that they may lead back.
  metadata.link(field.links[0]!, fields);
  assert.throws(
    () => checkTable(metadata.stream(message)),
    (error: unknown) => error instanceof RangeError,
  );
});

/** A stream of a column of two numbers, with one of its batch's integers of 64 bits changed. */
function changedBatch(from: bigint, to: bigint): Uint8Array {
  const stream = tableToIPC(tableFromArrays({ a: Float64Array.of(1.5, 2.5) })).slice();
  const view = new DataView(stream.buffer);
  const batchAt = 8 + view.getInt32(4, true);
  const batchEnd = batchAt + 8 + view.getInt32(batchAt + 4, true);
  let changeCount = 0;
  for (let at = batchAt + 8; at + 8 <= batchEnd; at += 4) {
    if (view.getBigInt64(at, true) !== from) continue;
    view.setBigInt64(at, to, true);
    changeCount++;
    at += 4;
  }
  assert.ok(changeCount > 0, "nothing was changed");
  return stream;
}

test("checkTable() refuses counts that no batch of its size can have", () => {
  // 2 is its rows and those of its column, 16 the length of its buffer and its body.
  checkTable(changedBatch(2n, 2n));
  for (const count of [-1n, 2n ** 53n, 2n ** 62n]) {
    assert.throws(() => checkTable(changedBatch(2n, count)));
    assert.throws(() => checkTable(changedBatch(16n, count)));
  }
  isRefused(changedBatch(16n, 2n ** 40n), "a body of 1099511627776 bytes");
});
