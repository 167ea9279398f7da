import { manifestSection } from "../../scheduler/protocol/manifest.ts";
import { unsigned } from "../../scheduler/wasm/leb128.ts";

// Modules that no assembler makes, byte by byte: WebAssembly core specification 2.0, section 5.

type Bytes = Uint8Array<ArrayBuffer>;

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const sections = { custom: 0, type: 1, import: 2, function: 3, table: 4, memory: 5, export: 7 } as const;
const [codeSection, dataSection, dataCountSection] = [10, 11, 12];

const text = (value: string): number[] => {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
};
const list = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];

/** A section whose content is in pieces, which may be large. */
function section(id: number, ...pieces: ArrayLike<number>[]): Bytes {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return joined([id], unsigned(length), ...pieces);
}

function joined(...pieces: ArrayLike<number>[]): Bytes {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Of one type, `() → i32`, and a function of it that is exported as `run`, with this code. */
type Parts = {
  before?: Bytes[];
  code?: ArrayLike<number>;
  locals?: number[];
  after?: Bytes[];
  imports?: number;
};

const answer = [0x41, 42]; // i32.const 42

function moduleOf({ before = [], code = answer, locals = [0], after = [], imports = 0 }: Parts): Bytes {
  const body = joined(locals, code, [0x0b]);
  const [imported, declared] = [before.slice(0, imports), before.slice(imports)];
  return joined(
    header,
    section(sections.type, list([[0x60, 0, 1, 0x7f]])),
    ...imported,
    section(sections.function, list([[0]])),
    ...declared,
    section(sections.export, list([[...text("run"), 0, imports]])),
    ...after.filter(([id]) => id === dataCountSection),
    section(codeSection, unsigned(1), unsigned(body.length), body),
    ...after.filter(([id]) => id !== dataCountSection),
  );
}

/** A module with this manifest behind it. @param manifest as text, or what becomes text as JSON */
export function withManifest(module: Uint8Array, manifest: unknown): Bytes {
  const json = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
  return joined(module, section(sections.custom, text(manifestSection), new TextEncoder().encode(json)));
}

/** Imports one thing. @param kind what, as the import section writes it; a function by default */
export const importing = (module: string, name: string, kind: readonly number[] = [0, 0]): Bytes =>
  moduleOf({
    before: [section(sections.import, list([[...text(module), ...text(name), ...kind]]))],
    imports: 1,
  });

export const kinds = {
  table: [1, 0x70, 0, 1],
  memory: [2, 0, 1],
  global: [3, 0x7f, 0],
} as const;

/** Declares so many tables of so many entries each. */
export const tables = (count: number, entries: number): Bytes =>
  moduleOf({
    before: [
      section(sections.table, list(Array.from({ length: count }, () => [0x70, 0, ...unsigned(entries)]))),
    ],
  });

/** Writes so many segments of so many bytes each over the same place of its memory as it starts. */
export function segments(count: number, bytes: number): Bytes {
  const one = [0, 0x41, 0, 0x0b, ...unsigned(bytes), ...new Uint8Array(bytes).fill(0xa5)];
  const all = new Uint8Array(one.length * count);
  for (let index = 0; index < count; index++) all.set(one, index * one.length);
  const pages = Math.ceil(bytes / 65_536);
  return moduleOf({
    before: [section(sections.memory, list([[0, ...unsigned(Math.max(1, pages))]]))],
    after: [section(dataCountSection, unsigned(count)), section(dataSection, unsigned(count), all)],
  });
}

/** One function of about so many bytes: `i32.const 1, drop`, over and over. */
export function largeFunction(bytes: number): Bytes {
  const code = new Uint8Array(Math.floor(bytes / 3) * 3);
  for (let at = 0; at < code.length; at += 3) code.set([0x41, 0x01, 0x1a], at);
  return moduleOf({ code: joined(code, answer) });
}

/** One function of so many blocks, one in the other, each a loop. */
export const deepBlocks = (depth: number): Bytes => {
  const [open, close] = [new Uint8Array(depth * 2), new Uint8Array(depth).fill(0x0b)];
  for (let at = 0; at < open.length; at += 2) open.set([0x03, 0x40], at);
  return moduleOf({ code: joined(open, close, answer) });
};

/** One function with so many local variables. */
export const manyLocals = (count: number): Bytes => moduleOf({ locals: [1, ...unsigned(count), 0x7e] });

/** A section that says that it is as long as the address space. */
export const endlessSection = (): Bytes => joined(header, [sections.type, 0xff, 0xff, 0xff, 0xff, 0x0f]);

/** A list of types that says that it has 2^32 − 1 of them. */
export const endlessList = (): Bytes =>
  joined(header, section(sections.type, [0xff, 0xff, 0xff, 0xff, 0x0f, 0x60]));

/** Larger than any host takes, by a section that means nothing. */
export const padded = (bytes: number): Bytes =>
  joined(moduleOf({}), section(sections.custom, text("x"), new Uint8Array(bytes)));

/** The beginning of a module. */
export const truncated = (module: Uint8Array, random: () => number): Bytes =>
  joined(module.subarray(0, Math.floor(random() * module.length)));

/** A module with one to three bits that are wrong. */
export function flipped(module: Uint8Array, random: () => number): Bytes {
  const bytes = joined(module);
  for (let count = 1 + Math.floor(random() * 3); count > 0; count--) {
    const at = 8 + Math.floor(random() * (bytes.length - 8));
    bytes[at]! ^= 1 << Math.floor(random() * 8);
  }
  return bytes;
}

/** Bytes that mean nothing, behind the right beginning. */
export const noise = (bytes: number, random: () => number): Bytes =>
  joined(
    header,
    Uint8Array.from({ length: bytes }, () => random() * 256),
  );
