/** Up to so many bytes, a loop is faster than `set`. */
const shortBytes = 64;

/** Bytes that grow at their end. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(expectedBytes: number) {
    this.#bytes = new Uint8Array(expectedBytes);
  }

  get length(): number {
    return this.#length;
  }

  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  u32(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  append(bytes: ArrayLike<number>): void {
    const { length } = bytes;
    this.#reserve(length);
    if (length > shortBytes) this.#bytes.set(bytes, this.#length);
    else for (let index = 0; index < length; index++) this.#bytes[this.#length + index] = bytes[index]!;
    this.#length += length;
  }

  /** Appends what lies from `start` to `end` in `source`. */
  copy(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#reserve(length);
    if (length > shortBytes) this.#bytes.set(source.subarray(start, end), this.#length);
    else
      for (let index = 0; index < length; index++) this.#bytes[this.#length + index] = source[start + index]!;
    this.#length += length;
  }

  #reserve(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.written);
    this.#bytes = larger;
  }
}
