// What one member of a gang says to another in shared memory: a stream of bytes, through a ring. Its writer and its reader
// each count the bytes that they have moved, as 32-bit integers that wrap around. In words from its beginning:
//
//     0     written by the writer
//     1     how the stream has ended, one of `streamEnd`
//     2     the reader sleeps until it is told of more: whom to wake
//     16    taken by the reader
//     17    the writer sleeps until there is room: whom to wake
//     32-   the bytes

const writtenWord = 0;
const endWord = 1;
const readerWord = 2;
const takenWord = 16;
const writerWord = 17;
const headerBytes = 128;

/** The most that all rings of a gang take of memory, as far as they are used, and what one of them takes. */
const mostBoardBytes = 256 * 1024 * 1024;
const mostCapacity = 1024 * 1024;
const leastCapacity = 4 * 1024;

/** Whether there will be more, and if not, why. */
export const streamEnd = { open: 0, closed: 1, broken: 2 } as const;

/** Who sleeps at an end of a ring: a worker, by its index and 1 more; nobody; or the host, which looks by itself. */
export type Sleeper = number;
export const nobody: Sleeper = 0;
export const theHost: Sleeper = -1;

/** How many bytes a ring holds in a gang of so many: a power of two. */
export const ringCapacity = (size: number): number =>
  Math.max(leastCapacity, Math.min(mostCapacity, 2 ** Math.floor(Math.log2(mostBoardBytes / size ** 2))));

const ringBytes = (size: number) => headerBytes + ringCapacity(size);

/** The memory of a gang: a ring for each pair of members, and direction. What is not used takes nothing. */
export const boardBytes = (size: number): number => size ** 2 * ringBytes(size);

/** The stream from one member to another. Whoever waits at one end is told by the other. */
export class ByteRing {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  /** Wakes who sleeps at the other end. */
  readonly #wake: (sleeper: Sleeper) => void;

  constructor(
    board: SharedArrayBuffer,
    size: number,
    from: number,
    to: number,
    wake: (sleeper: Sleeper) => void,
  ) {
    const start = (from * size + to) * ringBytes(size);
    this.#words = new Int32Array(board, start, headerBytes / 4);
    this.#bytes = new Uint8Array(board, start + headerBytes, ringCapacity(size));
    this.#wake = wake;
  }

  /** Puts in as much as there is room for. Returns how many bytes that was. */
  write(bytes: Uint8Array): number {
    const capacity = this.#bytes.byteLength;
    const written = this.#words[writtenWord]!;
    const free = capacity - ((written - Atomics.load(this.#words, takenWord)) >>> 0);
    const count = Math.min(free, bytes.byteLength);
    if (count === 0) return 0;
    const at = (written >>> 0) % capacity;
    const first = Math.min(count, capacity - at);
    this.#bytes.set(bytes.subarray(0, first), at);
    if (count > first) this.#bytes.set(bytes.subarray(first, count), 0);
    this.wrote(count);
    return count;
  }

  /** Takes as much as is there and has room. Returns how many bytes that was. */
  read(into: Uint8Array): number {
    let count = 0;
    // Once more, where it goes round.
    for (let turn = 0; turn < 2; turn++) {
      const bytes = this.readable();
      const part = bytes.subarray(0, into.byteLength - count);
      if (part.byteLength === 0) break;
      into.set(part, count);
      count += part.byteLength;
      this.took(part.byteLength);
    }
    return count;
  }

  /** What is there, as far as it lies together. It stays until it is taken. */
  readable(): Uint8Array {
    const capacity = this.#bytes.byteLength;
    const taken = this.#words[takenWord]!;
    const count = (Atomics.load(this.#words, writtenWord) - taken) >>> 0;
    const at = (taken >>> 0) % capacity;
    return this.#bytes.subarray(at, Math.min(at + count, capacity));
  }

  /** How much is there in all. */
  get unreadBytes(): number {
    return (Atomics.load(this.#words, writtenWord) - Atomics.load(this.#words, takenWord)) >>> 0;
  }

  /** So many of the bytes that were readable are taken. */
  took(count: number): void {
    Atomics.add(this.#words, takenWord, count);
    this.#tell(writerWord);
  }

  /** Where the next bytes go, as far as that lies together: for who counts by himself what has room. */
  writable(count: number): Uint8Array {
    const at = (this.#words[writtenWord]! >>> 0) % this.#bytes.byteLength;
    return this.#bytes.subarray(at, Math.min(at + count, this.#bytes.byteLength));
  }

  /** So many bytes are where `writable` said. */
  wrote(count: number): void {
    Atomics.add(this.#words, writtenWord, count);
    this.#tell(readerWord);
  }

  /** There will be no more: its writer is done, or it can't be reached any more. */
  end(how: typeof streamEnd.closed | typeof streamEnd.broken): void {
    Atomics.compareExchange(this.#words, endWord, streamEnd.open, how);
    this.#tell(readerWord);
    this.#tell(writerWord);
  }

  /** How it has ended, of which the reader hears when it has taken all. */
  get ended(): number {
    return Atomics.load(this.#words, endWord);
  }

  /** From now on, who reads wants to be woken; whatever came before, it has to look for again. */
  readerSleeps(sleeper: Sleeper): void {
    Atomics.store(this.#words, readerWord, sleeper);
  }

  writerSleeps(sleeper: Sleeper): void {
    Atomics.store(this.#words, writerWord, sleeper);
  }

  #tell(word: number): void {
    if (Atomics.load(this.#words, word) === nobody) return;
    const sleeper = Atomics.exchange(this.#words, word, nobody);
    if (sleeper !== nobody) this.#wake(sleeper);
  }
}
