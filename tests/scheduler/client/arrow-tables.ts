import {
  Binary,
  Bool,
  type DataType,
  DateMillisecond,
  Decimal,
  DenseUnion,
  Dictionary,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  Int32,
  Int64,
  LargeUtf8,
  List,
  Map_,
  makeData,
  Null,
  SparseUnion,
  Struct,
  Table,
  TimestampMillisecond,
  Uint16,
  Utf8,
  Vector,
  vectorFromArray,
} from "apache-arrow";

const item = <T extends DataType>(type: T) => new Field("item", type, true);

const unionFields = [new Field("a", new Int32(), true), new Field("b", new Utf8(), true)];
const dataOf = (vector: Vector) => vector.data[0]!;

/** A column of every kind of type, each with a null where it can have one. */
export const columns: Record<string, Vector> = {
  null: vectorFromArray([null, null, null], new Null()),
  bool: vectorFromArray([true, null, false], new Bool()),
  int8: vectorFromArray([-128, null, 127], new Int8()),
  uint16: vectorFromArray([1, 2, 65_535], new Uint16()),
  int32: vectorFromArray([1, null, 3], new Int32()),
  int64: vectorFromArray([1n, null, -3n], new Int64()),
  float32: vectorFromArray([0.5, null, Number.NaN], new Float32()),
  float64: vectorFromArray([0.1, null, -0], new Float64()),
  utf8: vectorFromArray(["", null, "naïve 日本 🎉"], new Utf8()),
  largeUtf8: vectorFromArray(["a", null, "bc"], new LargeUtf8()),
  binary: vectorFromArray([Uint8Array.of(1), null, Uint8Array.of(2, 3)], new Binary()),
  fixedBinary: vectorFromArray([Uint8Array.of(1, 2), null, Uint8Array.of(3, 4)], new FixedSizeBinary(2)),
  date: vectorFromArray([new Date(0), null, new Date(86_400_000)], new DateMillisecond()),
  timestamp: vectorFromArray([1, null, 3], new TimestampMillisecond("Europe/Zurich")),
  decimal: vectorFromArray(
    [Uint32Array.of(1, 0, 0, 0), null, Uint32Array.of(2, 0, 0, 0)],
    new Decimal(2, 10),
  ),
  list: vectorFromArray([[1, 2], null, []], new List(item(new Int32()))),
  fixedList: vectorFromArray([[1, 2], null, [3, 4]], new FixedSizeList(2, item(new Int32()))),
  struct: vectorFromArray([{ x: 1 }, null, { x: 3 }], new Struct([new Field("x", new Int32(), true)])),
  map: vectorFromArray(
    [new Map([["a", 1]]), null, new Map()],
    new Map_(
      new Field(
        "entries",
        new Struct<{ key: Utf8; value: Int32 }>([
          new Field("key", new Utf8(), false),
          new Field("value", new Int32(), true),
        ]),
        false,
      ),
    ),
  ),
  denseUnion: new Vector([
    makeData({
      type: new DenseUnion([0, 1], unionFields),
      ...{ typeIds: Int8Array.of(1, 0, 1), valueOffsets: Int32Array.of(0, 0, 1) },
      children: [dataOf(vectorFromArray([7], new Int32())), dataOf(vectorFromArray(["x", "y"], new Utf8()))],
    }),
  ]),
  sparseUnion: new Vector([
    makeData({
      type: new SparseUnion([0, 1], unionFields),
      typeIds: Int8Array.of(1, 0, 1),
      children: [
        dataOf(vectorFromArray([7, 8, 9], new Int32())),
        dataOf(vectorFromArray(["x", "y", "z"], new Utf8())),
      ],
    }),
  ]),
  dictionary: vectorFromArray(["a", null, "a"], new Dictionary(new Utf8(), new Int32())),
};

/** A table of all columns, in two batches, with metadata. */
export const anyTable = (): Table => {
  const table = new Table(columns);
  return table.concat(table);
};
