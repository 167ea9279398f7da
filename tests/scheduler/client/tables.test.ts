import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Data, makeTable, Table, tableFromArrays, tableToIPC } from "apache-arrow";
import { decodeTable, encodeTable } from "../../../scheduler/client/tables.ts";
import { EncodedTable } from "../../../scheduler/protocol/table.ts";
import { decodeValue, encodeValue } from "../../../scheduler/protocol/value.ts";
import { assert, rejects, suite, throwsCode } from "../../support/index.ts";
import { forSeedsInTurn } from "../seeds.ts";
import { anyTable, columns } from "./arrow-tables.ts";

const test = suite("client/tables");

const isSameTable = (actual: Table, expected: Table) => {
  assert.equal(actual.schema.toString(), expected.schema.toString());
  assert.is(actual.batches.length, expected.batches.length);
  assert.equal(actual.toArray().map(String), expected.toArray().map(String));
  assert.is(Buffer.compare(tableToIPC(actual), tableToIPC(expected)), 0);
};

async function again(table: Table, Memory: typeof ArrayBuffer | typeof SharedArrayBuffer): Promise<Table> {
  const encoded = encodeValue(await encodeTable(table));
  const bytes = new Uint8Array(new Memory(encoded.byteLength));
  bytes.set(encoded);
  return decodeTable(decodeValue(bytes) as EncodedTable);
}

for (const [name, column] of Object.entries(columns)) {
  test(`decodeTable() gives back what encodeTable() was given when it has a column of ${name}`, async () => {
    const table = new Table({ [name]: column });
    for (const Memory of [ArrayBuffer, SharedArrayBuffer]) isSameTable(await again(table, Memory), table);
  });
}

test("decodeTable() gives back tables of several batches, slices, and tables without rows or columns", async () => {
  const table = anyTable();
  for (const given of [table, table.slice(1, 5), table.slice(0, 0), new Table(), new Table(table.schema)]) {
    const decoded = await again(given, ArrayBuffer);
    assert.equal(decoded.toArray().map(String), given.toArray().map(String));
    assert.equal(decoded.schema.toString(), given.schema.toString());
  }
});

test("decodeTable() gives columns that are views of the encoded bytes, also in shared memory", async () => {
  const encoded = encodeValue(await encodeTable(anyTable()));
  for (const Memory of [ArrayBuffer, SharedArrayBuffer]) {
    const bytes = new Uint8Array(new Memory(encoded.byteLength + 16), 16);
    bytes.set(encoded);
    const table = await decodeTable(decodeValue(bytes) as EncodedTable);
    let viewCount = 0;
    const check = (data: Data) => {
      for (const part of [
        data.values,
        data.valueOffsets,
        data.nullBitmap,
        data.typeIds,
      ] as ArrayBufferView[]) {
        // What has no bytes is not in them.
        if (part === undefined || part.byteLength === 0) continue;
        assert.is(part.buffer, bytes.buffer, data.type.toString());
        viewCount++;
      }
      for (const child of data.children) check(child);
      for (const other of data.dictionary?.data ?? []) check(other);
    };
    for (const { data } of table.batches) for (const child of data.children) check(child);
    assert.ok(viewCount > 2 * Object.keys(columns).length);
  }
});

test("encodeTable() throws InvalidTaskError when another copy of the library made the table", async () => {
  const { tableFromArrays: make } = createRequire(import.meta.url)("apache-arrow");
  const table = make({ a: [1, 2] });
  assert.instance(table, Table);
  assert.match((await rejects(encodeTable(table), "INVALID_TASK")).message, "another copy");
});

test("what is built loads the library only when a table comes", () => {
  const parts = readdirSync("dist/parts").filter((name) => name.endsWith(".mjs"));
  for (const files of [["index.mjs", "client.mjs", ...parts.map((name) => `parts/${name}`)], ["wray.mjs"]]) {
    const code = files.map((name) => readFileSync(`dist/${name}`, "utf8")).join("\n");
    const mentions = code.match(/(?:from |require\(|import ?\(?)"apache-arrow[^"]*"/g);
    assert.equal(new Set(mentions), new Set(['import("apache-arrow"']), files[0]);
  }
});

test("encodeValue() refuses a table that is inside of another value", () => {
  const table = tableFromArrays({ a: [1] });
  for (const value of [[table], { a: { table } }]) {
    assert.match(throwsCode(() => encodeValue(value), "INVALID_TASK").message, "an Arrow table inside");
  }
});

const stream = tableToIPC(makeTable({ a: Float64Array.of(1, 2, 3), b: Int32Array.of(1, 2, 3) }));
const words = new Int32Array(stream.buffer, stream.byteOffset, stream.byteLength / 4);
const batchAt = 8 + words[1]!;
const broken: Record<string, Uint8Array> = {
  nothing: new Uint8Array(),
  "its end alone": stream.slice(-8),
  zeros: new Uint8Array(64),
  text: new TextEncoder().encode("not a table at all, but long enough"),
  "without its end": stream.slice(0, -8),
  "with bytes after its end": Uint8Array.of(...stream, 0),
  "cut within its schema": stream.slice(0, 60),
  "cut within its batch": stream.slice(0, -20),
  "without its schema": stream.slice(batchAt),
  "with two schemas": Uint8Array.of(...stream.slice(0, batchAt), ...stream),
  "a file": tableToIPC(tableFromArrays({ a: [1] }), "file"),
};

for (const [name, bytes] of Object.entries(broken)) {
  test(`decodeTable() throws ProtocolError when the stream is ${name}`, async () => {
    await rejects(decodeTable(new EncodedTable([bytes])), "PROTOCOL_ERROR");
  });
}

test("decodeTable() gives a table or throws ProtocolError when bytes are cut or changed", async () => {
  const streams = [stream, ...[anyTable(), new Table(columns)].map((table) => tableToIPC(table))];
  let takenCount = 0;
  await forSeedsInTurn(3_000, async (random) => {
    const whole = random.pick(streams);
    const bytes = whole.slice(0, random.happens(0.1) ? random.below(whole.length) : undefined);
    for (let change = 1 + random.below(3); change > 0 && bytes.length > 0; change--) {
      const value = random.happens(0.5) ? random.pick([0, 1, 0x7f, 0xff]) : random.below(256);
      bytes[random.below(Math.min(bytes.length, random.happens(0.5) ? 4_000 : 1e9))] = value;
    }
    let table: Table;
    try {
      table = await decodeTable(new EncodedTable([bytes]));
    } catch (error) {
      assert.is((error as { code?: string }).code, "PROTOCOL_ERROR", String((error as Error).stack));
      return;
    }
    takenCount++;
    assert.ok(table.numRows <= 6, `${table.numRows} rows`);
  });
  assert.ok(takenCount > 100);
});
