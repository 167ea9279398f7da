import { malformed } from "./reject.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads a part of a binary from its start to its end, and never past that: whatever does not fit throws. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** Of the next byte, from the start of `bytes`. */
  offset: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.offset === this.end;
  }

  u8(): number {
    if (this.offset >= this.end) throw malformed(this.offset, "unexpected end");
    return this.bytes[this.offset++]!;
  }

  /** An unsigned LEB128 of at most 32 bits. */
  u32(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    const start = this.offset - 1;
    let value = first & 0x7f;
    for (let shift = 7; shift <= 28; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed(start, "a number of more than 32 bits");
  }

  /** Passes over a LEB128 of at most so many bytes, whose value nobody needs. */
  skipLeb(byteCount: number): void {
    const start = this.offset;
    for (let left = byteCount; left > 0; left--) if (this.u8() < 0x80) return;
    throw malformed(start, "a number that is too long");
  }

  skip(byteCount: number): void {
    if (byteCount > this.end - this.offset) throw malformed(this.offset, "unexpected end");
    this.offset += byteCount;
  }

  /** How many items follow. Each has a byte at least, so no count is believed that the rest could not hold. */
  count(): number {
    const start = this.offset;
    const count = this.u32();
    if (count > this.end - this.offset) throw malformed(start, `a list of ${count} items, which do not fit`);
    return count;
  }

  /** A part of so many bytes, of which a number before it tells. */
  sized(): ByteReader {
    const size = this.count();
    const part = new ByteReader(this.bytes, this.offset, this.offset + size);
    this.offset += size;
    return part;
  }

  name(): string {
    const { offset, end } = this.sized();
    try {
      return utf8.decode(this.bytes.subarray(offset, end));
    } catch {
      throw malformed(offset, "a name that is not UTF-8");
    }
  }

  /** A list of such items. */
  list<T>(item: (index: number) => T): T[] {
    const count = this.count();
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(item(index));
    return items;
  }

  expectEnd(what: string): void {
    if (!this.isAtEnd) throw malformed(this.offset, `${what} is shorter than it says`);
  }
}
