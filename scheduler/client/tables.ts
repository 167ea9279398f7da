import type { Data, Table } from "apache-arrow";
import { checkTable } from "../protocol/check-table.ts";
import { InvalidTaskError, ProtocolError } from "../protocol/errors.ts";
import { EncodedTable } from "../protocol/table.ts";

// Tables of Apache Arrow. Its library is loaded with the first table, and need not be there before: who uses tables has
// installed it.

/** `Type.Bool`, whose elements are bits. */
const boolTypeId = 6;

async function loadArrow() {
  try {
    return await import("apache-arrow");
  } catch (cause) {
    throw new InvalidTaskError("a table needs the package apache-arrow, which can't be loaded", {
      remedy: "npm install apache-arrow",
      cause,
    });
  }
}

/**
 * A table as its IPC stream. It is read a moment later, since the library has to be loaded.
 * @throws InvalidTaskError when the table was made by another copy of the library: that would leave out its columns
 */
export async function encodeTable(table: object): Promise<EncodedTable> {
  const arrow = await loadArrow();
  // `instanceof` is true for the tables of all copies.
  if (!Object.prototype.isPrototypeOf.call(arrow.Table.prototype, table)) {
    throw new InvalidTaskError(
      "the table was made by another copy of apache-arrow than the one that wray finds",
      {
        remedy: "Import apache-arrow as a module, once, and of the version that is installed beside wray.",
      },
    );
  }
  // As `tableToIPC`, but it does not join the parts, which are the memory of the columns themselves.
  const parts: Uint8Array[] = [];
  for await (const part of arrow.RecordBatchStreamWriter.writeAll(table as Table)) parts.push(part);
  return new EncodedTable(parts);
}

/**
 * A table whose columns are views of the stream.
 * @throws ProtocolError when the stream is no table
 */
export async function decodeTable({ parts: [stream] }: EncodedTable): Promise<Table> {
  const arrow = await loadArrow();
  try {
    if (stream === undefined) throw new RangeError("it has no stream");
    checkTable(stream);
    const table = arrow.tableFromIPC(stream);
    for (const { data } of table.batches) checkColumn(data);
    return table;
  } catch (error) {
    throw new ProtocolError(`malformed table: ${(error as Error).message}`);
  }
}

/** The library takes a column that lacks elements, which are undefined when they are read. */
function checkColumn(column: Data): void {
  if (column.length === 0) return;
  const { nullBitmap, typeIds, children, dictionary } = column as Parts;
  const hasBits =
    nullBitmap === undefined || nullBitmap.length === 0 || 8 * nullBitmap.length >= column.length;
  const hasElements = typeIds === undefined ? hasItsElements(column) : hasItsMembers(column);
  if (!hasBits || !hasElements) throw new RangeError("a column lacks elements");
  for (const child of children) checkColumn(child);
  for (const data of dictionary?.data ?? []) checkColumn(data);
}

/** What a column may lack, though its types tell otherwise. */
type Parts = Pick<Data, "length" | "children" | "dictionary"> & {
  readonly [Name in "nullBitmap" | "valueOffsets" | "values" | "typeIds"]?: ArrayLike<number | bigint>;
};

function hasItsElements(column: Data): boolean {
  const { length, valueOffsets, values, children } = column as Parts;
  let due = length * column.stride;
  if (valueOffsets !== undefined) {
    // Those of a list or a text: the last tells how many elements all of them have.
    if (valueOffsets.length <= length) return false;
    due = Number(valueOffsets[length]);
  }
  if (values === undefined) return children.every((child) => child.length >= due);
  return values.length * (column.typeId === boolTypeId ? 8 : 1) >= due;
}

/** Of a union: each element is one of a child, at an offset if it is dense. */
function hasItsMembers(column: Data): boolean {
  const { length, valueOffsets, typeIds, children } = column as Parts;
  if (typeIds!.length < length) return false;
  if (valueOffsets !== undefined) return valueOffsets.length >= length;
  return children.every((child) => child.length >= length);
}
