import { ProtocolError } from "./errors.ts";
import type { Arg, Call, CallOwn, ToClient } from "./messages.ts";
import { byteLengthOf, type Encoded } from "./value.ts";
import { oneNaN } from "./value-format.ts";

// What there is most of in packets, calls and their results, is laid by hand: MessagePack would take several times as
// long. A run is many of them in a row, as binary in the place of a message:
//
//     call     uint template, uint number, uint count of arguments, arguments, own
//     value    uint number, a value
//
//     own      uint length, MessagePack map: fields of a task that are this call's alone; length 0 without any
//     uint     LEB128 without a sign, up to 2^53 - 1
//
// A value, or an argument, begins with a byte that tells its form; then follows:
//
//     0        f64, little-endian: a number
//     1        uint length, encoded value
//     2        uint length, MessagePack of a ref; only as an argument

const form = { number: 0, value: 1, ref: 2 } as const;

type Value = Extract<ToClient, { kind: "value" }>;

/** How what is rare is encoded. */
export type Rare = {
  encode(value: object): Uint8Array;
  ref(payload: Uint8Array, path: string): Exclude<Arg, Encoded>;
  own(payload: Uint8Array, path: string): CallOwn;
};

/** About how many bytes a call or a value takes beside what is inside of its arguments. */
const headBytes = 32;

/** Writes runs, each into memory that the next one may have. */
export class RunWriter {
  readonly #encode: Rare["encode"];
  #bytes = new Uint8Array(16 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  constructor(encode: Rare["encode"]) {
    this.#encode = encode;
  }

  begin(): void {
    this.#at = 0;
  }

  /** What was written since `begin`; good until the next. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  call({ template, number, args, own }: Call): void {
    this.#reserve(headBytes);
    this.#uint(template);
    this.#uint(number);
    this.#uint(args.length);
    for (const arg of args) {
      if (typeof arg === "number" || arg instanceof Uint8Array) this.#value(arg);
      else this.#block(form.ref, this.#encode(arg));
    }
    this.#reserve(headBytes);
    if (own === undefined) this.#bytes[this.#at++] = 0;
    else this.#lengthAndBytes(this.#encode(own));
  }

  value({ number, value }: Value): void {
    this.#reserve(headBytes);
    this.#uint(number);
    this.#value(value);
  }

  #value(value: Encoded): void {
    if (typeof value !== "number") {
      this.#block(form.value, value);
      return;
    }
    this.#reserve(headBytes);
    this.#bytes[this.#at] = form.number;
    // JavaScript may give a NaN other bits than the one that values have.
    this.#view.setFloat64(this.#at + 1, oneNaN(value), true);
    this.#at += 9;
  }

  #block(tag: number, bytes: Uint8Array): void {
    this.#reserve(headBytes);
    this.#bytes[this.#at++] = tag;
    this.#lengthAndBytes(bytes);
  }

  #lengthAndBytes(bytes: Uint8Array): void {
    this.#uint(bytes.byteLength);
    this.#reserve(bytes.byteLength);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.byteLength;
  }

  #uint(value: number): void {
    let left = value;
    // Past 31 bits without the operators of integers.
    for (; left >= 2 ** 31; left = Math.floor(left / 128)) this.#bytes[this.#at++] = (left % 128) + 128;
    for (; left >= 128; left >>>= 7) this.#bytes[this.#at++] = (left & 0x7f) | 0x80;
    this.#bytes[this.#at++] = left;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.byteLength, this.#at + bytes));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** About how many bytes this takes in a run. */
export function runBytes(values: readonly Arg[]): number {
  let bytes = headBytes;
  for (const value of values) {
    bytes += typeof value === "number" || value instanceof Uint8Array ? byteLengthOf(value) : refBytes;
  }
  return bytes;
}
/** What an argument that is a ref takes in a message. */
const refBytes = 200;

/** Reads a run of calls. @throws ProtocolError when it is none */
export function readCalls(run: Uint8Array, path: string, rare: Rare): ({ kind: "call" } & Call)[] {
  const reader = new RunReader(run, path, rare);
  const calls: ({ kind: "call" } & Call)[] = [];
  while (!reader.isAtEnd) calls.push(reader.call());
  return calls;
}

/** Reads a run of values. @throws ProtocolError when it is none */
export function readValues(run: Uint8Array, path: string, rare: Rare): Value[] {
  const reader = new RunReader(run, path, rare);
  const values: Value[] = [];
  while (!reader.isAtEnd) values.push({ kind: "value", number: reader.uint(), value: reader.value() });
  return values;
}

class RunReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #path: string;
  readonly #rare: Rare;
  #at = 0;

  constructor(bytes: Uint8Array, path: string, rare: Rare) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#path = path;
    this.#rare = rare;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.byteLength;
  }

  call(): { kind: "call" } & Call {
    const template = this.uint();
    const number = this.uint();
    const args: Arg[] = [];
    for (let left = this.uint(); left > 0; left--) args.push(this.#arg());
    const block = this.#block();
    const own = block.byteLength === 0 ? undefined : this.#rare.own(block, this.#path);
    return { kind: "call", number, template, args, own };
  }

  value(): Encoded {
    const value = this.#arg();
    if (typeof value === "number" || value instanceof Uint8Array) return value;
    throw this.#broken("a ref stands for a value");
  }

  #arg(): Arg {
    switch (this.#byte()) {
      case form.number: {
        this.#check(8);
        const value = oneNaN(this.#view.getFloat64(this.#at, true));
        this.#at += 8;
        return value;
      }
      case form.value:
        return this.#block();
      case form.ref:
        return this.#rare.ref(this.#block(), this.#path);
      default:
        throw this.#broken(`a value is of the unknown form ${this.#bytes[this.#at - 1]}`);
    }
  }

  uint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 56; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 128 && value <= Number.MAX_SAFE_INTEGER) return value;
    }
    throw this.#broken("a number is past 2^53");
  }

  #block(): Uint8Array {
    const length = this.uint();
    this.#check(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #byte(): number {
    this.#check(1);
    return this.#bytes[this.#at++]!;
  }

  #check(length: number): void {
    const left = this.#bytes.byteLength - this.#at;
    if (length > left) throw this.#broken(`${length} bytes are due where ${left} are left`);
  }

  #broken(why: string): ProtocolError {
    return new ProtocolError(`${this.#path} is a broken run: ${why}`, { data: { path: this.#path } });
  }
}
