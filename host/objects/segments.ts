import { collectGarbage } from "../worker/collect-garbage.ts";
import { classAtLeast, classAtMost } from "./size-class.ts";

/** A piece of shared memory; threads get to know it once, and then go by its id, which is never used again. */
export type Segment = { readonly id: number; readonly bytes: Uint8Array<SharedArrayBuffer> };

export type SegmentsDeps = {
  /** The most that is kept for reuse. */
  maxIdleBytes: number;
  /** Hears of each segment before it is used for the first time … */
  created(segment: Segment): void;
  /** … and once it never will be again. */
  dropped(id: number): void;
};

/** Below this, it is not worth a collection to have dropped memory back. */
const leastCollectBytes = 64 * 1024 * 1024;

/**
 * The segments of a host. They are recycled by size: the first touch of fresh memory costs more than copying into it,
 * and each worker would have to hear of it.
 */
export class Segments {
  readonly #deps: SegmentsDeps;
  /** By class, the one that became idle last at the end: its memory is the likeliest to be in a cache. */
  readonly #idle = new Map<number, Segment[]>();
  /** All of these, the longest idle first. */
  readonly #byAge = new Set<Segment>();
  #maxIdleBytes: number;
  #idleBytes = 0;
  #droppedBytes = 0;
  #idCount = 0;

  constructor(deps: SegmentsDeps) {
    this.#deps = deps;
    this.#maxIdleBytes = deps.maxIdleBytes;
  }

  /** What is kept for reuse. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** Whether one that is idle has the size for so many bytes. */
  hasIdle(byteLength: number): boolean {
    return (this.#idle.get(classAtLeast(byteLength))?.length ?? 0) > 0;
  }

  /** A segment of at least so many bytes; what is in it is undefined. */
  take(byteLength: number): Segment {
    const size = classAtLeast(byteLength);
    const idle = this.#idle.get(size)?.pop();
    if (idle === undefined) return this.adopt(new SharedArrayBuffer(size));
    this.#byAge.delete(idle);
    this.#idleBytes -= idle.bytes.byteLength;
    return idle;
  }

  /** Makes shared memory that someone else has allocated a segment. */
  adopt(buffer: SharedArrayBuffer): Segment {
    const segment: Segment = { id: ++this.#idCount, bytes: new Uint8Array(buffer) };
    this.#deps.created(segment);
    return segment;
  }

  /** Takes back a segment that nobody uses, to use it again. */
  give(segment: Segment): void {
    const size = classAtMost(segment.bytes.byteLength);
    const ofClass = this.#idle.get(size);
    if (ofClass === undefined) this.#idle.set(size, [segment]);
    else ofClass.push(segment);
    this.#byAge.add(segment);
    this.#idleBytes += segment.bytes.byteLength;
    this.trim(this.#maxIdleBytes);
  }

  /** Drops idle segments, the longest idle first, until no more than this is left of them. */
  trim(idleBytes: number): void {
    for (const segment of this.#byAge) {
      if (this.#idleBytes <= idleBytes) break;
      this.#byAge.delete(segment);
      // The longest idle of all is the longest idle of its class.
      this.#idle.get(classAtMost(segment.bytes.byteLength))!.shift();
      this.#idleBytes -= segment.bytes.byteLength;
      this.#droppedBytes += segment.bytes.byteLength;
      this.#deps.dropped(segment.id);
    }
    if (this.#droppedBytes < Math.max(leastCollectBytes, this.#maxIdleBytes)) return;
    this.#droppedBytes = 0;
    collectGarbage();
  }

  /** Drops what is idle, and what is given back from now on. */
  close(): void {
    this.#maxIdleBytes = 0;
    this.trim(0);
  }
}
