import { ObjectLostError } from "../../scheduler/protocol/errors.ts";
import type { Segment } from "./segments.ts";
import type { Slot } from "./spill-files.ts";
import type { Views } from "./views.ts";

/** What is known of an object beside its bytes. */
export type StoredFacts = {
  /** The client that it is kept for; others may join it. */
  owner: string;
  /** What made it, for messages to people: "put", or "result of math/add". */
  label: string;
};

/** The bytes of an object in memory that is not this process's, such as a GPU's. */
export type Copy = {
  readonly byteLength: number;
  /** Whether it has not been lost with the process that has it. */
  readonly isThere: boolean;
  /** Puts the bytes here. @throws ObjectLostError, and the error of the task that should have made them */
  read(into: Uint8Array): Promise<void>;
  free(): void;
};

/** What an object asks of the store that it is in. */
export type Shelf = {
  readonly views: Views;
  /** It was used just now. */
  touched(object: StoredObject): void;
  /** It is freed, and the program may still see its memory. */
  lingers(object: StoredObject): void;
  /** Its memory is not needed any more. */
  vacated(object: StoredObject, segment: Segment): void;
  /** Its bytes on disk are not needed any more. */
  discarded(object: StoredObject, slot: Slot): void;
  /** Its bytes from the disk, in memory. */
  load(slot: Slot): Promise<Segment>;
  /** It has a copy elsewhere from now on, or no more. */
  copied(object: StoredObject, hasCopy: boolean): void;
  /** The bytes of its copy, in memory. */
  fetch(copy: Copy): Promise<Segment>;
};

/**
 * An immutable object of a host: its bytes begin a segment, or are on disk, or in a copy elsewhere, or several of these. Its
 * memory is reused only once it is spilled or freed, and nobody pins or views it.
 */
export class StoredObject {
  readonly byteLength: number;
  readonly facts: StoredFacts;
  /** The clients that it is kept for. */
  readonly owners: Set<string>;
  /** When it was made, by the clock of this process. */
  readonly createdMs: number;
  readonly #shelf: Shelf;
  #segment: Segment | undefined;
  #slot: Slot | undefined;
  #copy: Copy | undefined;
  #pinCount = 0;
  #viewCount = 0;
  #isFreed = false;
  #wrapper: WeakRef<SharedArrayBuffer> | undefined;
  #restoring: Promise<void> | undefined;

  /** For the store alone, as are `bytes`, `spilledTo` and `evict`. */
  constructor(
    byteLength: number,
    facts: StoredFacts,
    segment: Segment | undefined,
    shelf: Shelf,
    createdMs: number,
  ) {
    this.byteLength = byteLength;
    this.facts = facts;
    this.owners = new Set([facts.owner]);
    this.createdMs = createdMs;
    this.#segment = segment;
    this.#shelf = shelf;
  }

  /** The memory that it takes now. */
  get memoryBytes(): number {
    return this.#segment?.bytes.byteLength ?? 0;
  }

  /** Its bytes, while they are in memory. */
  get bytes(): Uint8Array | undefined {
    return this.#segment?.bytes.subarray(0, this.byteLength);
  }

  /** What threads know its memory by, while it has any. */
  get segmentId(): number | undefined {
    return this.#segment?.id;
  }

  /** Whether its bytes are on disk; they may be in memory, too. */
  get isOnDisk(): boolean {
    return this.#slot !== undefined;
  }

  /** Its copy elsewhere, if it has one that is not lost. */
  get copy(): Copy | undefined {
    return this.#copy?.isThere ? this.#copy : undefined;
  }

  /** Whether its bytes need not be written to disk when its memory is given up. */
  get isElsewhere(): boolean {
    return this.isOnDisk || this.copy !== undefined;
  }

  get isFreed(): boolean {
    return this.#isFreed;
  }

  get isPinned(): boolean {
    return this.#pinCount > 0;
  }

  /** Whether the program may still see its memory. */
  get isViewed(): boolean {
    return this.#viewCount > 0;
  }

  /** Whether its memory could be given up, but for its bytes. */
  get isEvictable(): boolean {
    return this.#segment !== undefined && !this.#isFreed && this.#pinCount === 0 && this.#viewCount === 0;
  }

  /**
   * Keeps its memory where it is until `unpin()`, which must follow. Who has made it writes its bytes under its first
   * pin. Undefined when it is spilled, or freed: see `pinned()`.
   */
  pin(): Segment | undefined {
    if (this.#segment === undefined || this.#isFreed) return undefined;
    this.#pinCount++;
    this.#shelf.touched(this);
    return this.#segment;
  }

  unpin(): void {
    this.#pinCount--;
    this.#vacateIfUnused();
  }

  /**
   * Pins it; when it is spilled, once it is back.
   * @throws ObjectLostError, ObjectStoreFullError, OutOfDiskError
   */
  async pinned(): Promise<Segment> {
    while (true) {
      const segment = this.pin();
      if (segment !== undefined) return segment;
      // By the time that this goes on, someone else may have needed the room.
      await this.restore();
    }
  }

  /**
   * Brings it back into memory, if it is not there.
   * @throws ObjectLostError when it was freed, or its bytes on disk are gone or broken
   * @throws ObjectStoreFullError, OutOfDiskError when there is no room
   */
  async restore(): Promise<void> {
    if (this.#isFreed) throw new ObjectLostError(`${this.facts.label} was let go of by its owner`);
    if (this.#segment !== undefined) return;
    this.#restoring ??= this.#load().finally(() => {
      this.#restoring = undefined;
    });
    await this.#restoring;
  }

  /**
   * Its bytes in place. Their memory is not reused while anything that is made of the view can be reached. Undefined
   * when it is spilled, or freed: see `viewed()`.
   */
  view(): Uint8Array<SharedArrayBuffer> | undefined {
    if (this.#segment === undefined || this.#isFreed) return undefined;
    this.#shelf.touched(this);
    let wrapper = this.#wrapper?.deref();
    if (wrapper === undefined) {
      this.#viewCount++;
      wrapper = this.#shelf.views.open(this.#segment.bytes.buffer, () => {
        this.#viewCount--;
        this.#vacateIfUnused();
      });
      this.#wrapper = new WeakRef(wrapper);
    }
    return new Uint8Array(wrapper, 0, this.byteLength);
  }

  /**
   * Its bytes in place; when it is spilled, once it is back.
   * @throws ObjectLostError, ObjectStoreFullError, OutOfDiskError
   */
  async viewed(): Promise<Uint8Array<SharedArrayBuffer>> {
    await this.pinned();
    const view = this.view();
    this.unpin();
    // Its owner may have let go of it meanwhile.
    return view ?? this.viewed();
  }

  /** Lets go of it. A second time, nothing happens. */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    if (this.#slot !== undefined) this.#shelf.discarded(this, this.#slot);
    this.#slot = undefined;
    this.#letGoOfCopy();
    if (this.#segment !== undefined && this.isViewed) this.#shelf.lingers(this);
    this.#vacateIfUnused();
  }

  /** Its bytes are on disk from now on. */
  spilledTo(slot: Slot): void {
    this.#slot = slot;
  }

  /** There is a copy of it, which is freed with it. Of a freed one, at once. */
  keepCopy(copy: Copy): void {
    this.#letGoOfCopy();
    if (this.#isFreed) {
      copy.free();
      return;
    }
    this.#copy = copy;
    this.#shelf.copied(this, true);
  }

  /** Gives up its memory, when its bytes are elsewhere and nobody uses it. */
  evict(): void {
    if (this.isEvictable && this.isElsewhere) this.#vacate();
  }

  #letGoOfCopy(): void {
    if (this.#copy === undefined) return;
    this.#copy.free();
    this.#copy = undefined;
    this.#shelf.copied(this, false);
  }

  async #load(): Promise<void> {
    const { copy } = this;
    if (this.#slot !== undefined) this.#segment = await this.#shelf.load(this.#slot);
    else if (copy !== undefined) this.#segment = await this.#shelf.fetch(copy);
    else throw new ObjectLostError(`${this.facts.label} was lost with the process of the GPU that had it`);
    this.#shelf.touched(this);
    this.#vacateIfUnused();
  }

  #vacateIfUnused(): void {
    if (this.#isFreed && this.#pinCount === 0 && this.#viewCount === 0) this.#vacate();
  }

  #vacate(): void {
    const segment = this.#segment;
    if (segment === undefined) return;
    this.#segment = undefined;
    this.#shelf.vacated(this, segment);
  }
}
