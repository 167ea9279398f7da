/**
 * Instructions by one number each: the opcode, or for those of two parts 0x100, 0x200 and 0x300 for the prefixes
 * 0xfc, 0xfd and 0xfe, plus the second part.
 */
export const op = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  catch: 0x07,
  throw: 0x08,
  rethrow: 0x09,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  delegate: 0x18,
  catchAll: 0x19,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  tableGet: 0x25,
  tableSet: 0x26,
  firstLoad: 0x28,
  lastLoad: 0x35,
  memoryGrow: 0x40,
  refFunc: 0xd2,
  memoryInit: 0x108,
  dataDrop: 0x109,
  memoryCopy: 0x10a,
  memoryFill: 0x10b,
  tableInit: 0x10c,
  elemDrop: 0x10d,
  tableCopy: 0x10e,
  tableGrow: 0x10f,
  tableFill: 0x111,
  atomicWait32: 0x301,
  atomicWait64: 0x302,
} as const;

/** What follows an opcode. */
export const immediate = {
  unknown: 0,
  none: 1,
  /** One number: the index of a local, a function, a label … */
  index: 2,
  /** Two of them. */
  twoIndices: 3,
  /** Alignment and offset. */
  memory: 4,
  /** The same and the number of a lane. */
  memoryLane: 5,
  blockType: 6,
  branchTable: 7,
  i32: 8,
  i64: 9,
  /** So many bytes that nobody needs. */
  oneByte: 10,
  fourBytes: 11,
  eightBytes: 12,
  sixteenBytes: 13,
  /** A byte that must be zero: the index of the only memory. */
  zero: 14,
  twoZeros: 15,
  /** The index of a data segment, and a zero. */
  indexZero: 16,
  /** A list of value types. */
  types: 17,
  /** A type of references. */
  heapType: 18,
} as const;

type Range = number | readonly [first: number, last: number];

/** By opcode. What V8 11.3 knows without a flag; what it does not know in between, it refuses when it compiles. */
export const immediates = new Uint8Array(0x400);

const declare = (kind: number, ...ranges: Range[]) => {
  for (const range of ranges) {
    const [first, last] = typeof range === "number" ? [range, range] : range;
    immediates.fill(kind, first, last + 1);
  }
};

// 2.0: control, variables, tables, memory, numbers, references.
declare(immediate.none, [0x00, 0x01], op.else, op.end, 0x0f, op.catchAll, [0x1a, 0x1b], [0x45, 0xc4], 0xd1);
declare(immediate.blockType, [op.block, op.if], op.try);
declare(immediate.index, [op.catch, op.rethrow], op.br, op.brIf, op.call, op.returnCall, op.delegate);
declare(immediate.index, [op.localGet, op.tableSet], op.refFunc);
declare(immediate.branchTable, op.brTable);
declare(immediate.twoIndices, op.callIndirect, op.returnCallIndirect);
declare(immediate.types, 0x1c);
declare(immediate.memory, [0x28, 0x3e]);
declare(immediate.zero, 0x3f, op.memoryGrow);
declare(immediate.i32, 0x41);
declare(immediate.i64, 0x42);
declare(immediate.fourBytes, 0x43);
declare(immediate.eightBytes, 0x44);
declare(immediate.heapType, 0xd0);
// 0xfc: saturating conversions, bulk memory, tables.
declare(immediate.none, [0x100, 0x107]);
declare(immediate.indexZero, op.memoryInit);
declare(immediate.index, op.dataDrop, op.elemDrop, [0x10f, 0x111]);
declare(immediate.twoZeros, op.memoryCopy);
declare(immediate.zero, op.memoryFill);
declare(immediate.twoIndices, op.tableInit, op.tableCopy);
// 0xfd: vectors.
declare(immediate.memory, [0x200, 0x20b], [0x25c, 0x25d]);
declare(immediate.sixteenBytes, [0x20c, 0x20d]);
declare(immediate.none, [0x20e, 0x214], [0x223, 0x253], [0x25e, 0x2ff]);
declare(immediate.oneByte, [0x215, 0x222]);
declare(immediate.memoryLane, [0x254, 0x25b]);
// 0xfe: atomics.
declare(immediate.memory, [0x300, 0x302], [0x310, 0x34e]);
declare(immediate.zero, 0x303);
