import { setImmediate as nextTurn } from "node:timers/promises";
import { ObjectStoreFullError } from "../../scheduler/protocol/errors.ts";
import type { Holder, ObjectFacts, StoreTotals } from "../../scheduler/protocol/memory.ts";
import type { Segment, Segments } from "./segments.ts";
import { classAtLeast } from "./size-class.ts";
import { type Slot, SpillFiles } from "./spill-files.ts";
import { fusedBytes, planSpill } from "./spill-policy.ts";
import { type Copy, type Shelf, type StoredFacts, StoredObject } from "./stored-object.ts";
import { Views } from "./views.ts";

export type ObjectStoreOptions = {
  /** The most memory that its objects may take. */
  capacityBytes: number;
  segments: Segments;
  /** Where objects go that it has no memory for. Default: the folder for temporary files. */
  spillFolder?: string | undefined;
};

type More = { id?: string; holders?: Holder[] };

/** Past this part of the capacity, objects are spilled until no more than that part is in use. */
const [spillFrom, spillTo] = [0.8, 0.7];
/** Garbage is collected before objects are spilled, once this part of the capacity was taken since the last time. */
const collectAfter = 1 / 8;
/**
 * So much memory of freed objects may wait for their views to be collected: to touch as much fresh memory takes longer
 * than to collect the garbage of most programs.
 */
const mostLingeringBytes = 256 * 1024 * 1024;
/** Garbage is collected once so many bytes of objects have got a copy on a GPU. */
const collectCopiesAfter = 512 * 1024 * 1024;
/** How long spilling rests after the disk was full, unless room is needed at once. */
const restMs = 1_000;

/**
 * The objects that a host keeps for clients, in shared memory, so that workers read them without a copy. When memory
 * gets scarce, those that were not used for the longest go to disk, and come back when they are needed.
 */
export class ObjectStore {
  readonly capacityBytes: number;
  readonly #segments: Segments;
  readonly #files: SpillFiles;
  readonly #views = new Views();
  readonly #byId = new Map<string, StoredObject>();
  /** All that take memory, the least recently used first; also those that are freed, but still pinned or viewed. */
  readonly #inMemory = new Set<StoredObject>();
  /** All that have bytes on disk. */
  readonly #onDisk = new Set<StoredObject>();
  /** All that have a copy on a GPU. */
  readonly #copied = new Set<StoredObject>();
  readonly #shelf: Shelf;
  /** Those that are freed, and whose views may be garbage. */
  readonly #lingering = new Set<StoredObject>();
  #lingeringBytes = 0;
  /** Of these, what was no garbage when it was collected last. */
  #seenBytes = 0;
  #usedBytes = 0;
  #takenBytes = 0;
  /** That were copied since garbage was collected for their sake. */
  #copiedBytes = 0;
  #spilling: Promise<void> | undefined;
  #restUntilMs = 0;

  constructor({ capacityBytes, segments, spillFolder }: ObjectStoreOptions) {
    this.capacityBytes = capacityBytes;
    this.#segments = segments;
    this.#files = new SpillFiles(spillFolder);
    this.#shelf = {
      views: this.#views,
      touched: (object) => {
        this.#inMemory.delete(object);
        this.#inMemory.add(object);
      },
      lingers: (object) => {
        this.#lingering.add(object);
        this.#lingeringBytes += object.memoryBytes;
      },
      vacated: (object, segment) => {
        this.#inMemory.delete(object);
        if (this.#lingering.delete(object)) this.#lingeringBytes -= segment.bytes.byteLength;
        this.#giveBack(segment);
      },
      discarded: (object, slot) => {
        this.#onDisk.delete(object);
        this.#files.discard(slot);
      },
      load: (slot) => this.#bring(slot.byteLength, (bytes) => this.#files.read(slot, bytes)),
      copied: (object, hasCopy) => {
        if (!hasCopy) this.#copied.delete(object);
        else {
          this.#copied.add(object);
          this.#collectCopies(object.byteLength);
        }
      },
      fetch: (copy) => this.#bring(copy.byteLength, (bytes) => copy.read(bytes.subarray(0, copy.byteLength))),
    };
  }

  /** The memory that is in use: by objects, and by views of the program of what was freed. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The bytes of objects that are on disk. */
  get spilledBytes(): number {
    return this.#files.bytes;
  }

  /**
   * Memory for a new object: write its bytes under its first pin.
   * @throws ObjectStoreFullError when it can't fit, also with all spilled that can be
   * @throws OutOfDiskError when others can't be spilled to make room
   */
  create(byteLength: number, facts: StoredFacts): StoredObject {
    return this.#shelve(this.#take(byteLength), byteLength, facts);
  }

  /** An object whose bytes are not in memory until somebody needs them there. */
  keepCopy(copy: Copy, facts: StoredFacts): StoredObject {
    const object = new StoredObject(copy.byteLength, facts, undefined, this.#shelf, Date.now());
    object.keepCopy(copy);
    return object;
  }

  /**
   * Makes an object of what a worker has written into a segment.
   * @throws ObjectStoreFullError, OutOfDiskError; then the segment is given back
   */
  adopt(segment: Segment, byteLength: number, facts: StoredFacts): StoredObject {
    try {
      this.#reserve(segment.bytes.byteLength);
    } catch (error) {
      this.#segments.give(segment);
      throw error;
    }
    return this.#shelve(segment, byteLength, facts);
  }

  /** Keeps an object under an id, by which clients ask for it: for its owner, and those of what was there before. */
  add(id: string, object: StoredObject): void {
    const before = this.#byId.get(id);
    for (const owner of before?.owners ?? []) object.owners.add(owner);
    before?.free();
    this.#byId.set(id, object);
  }

  /** Keeps an object that is here for another owner, too. Returns it, if it is here. */
  share(id: string, owner: string): StoredObject | undefined {
    const object = this.#byId.get(id);
    object?.owners.add(owner);
    return object;
  }

  get(id: string): StoredObject | undefined {
    return this.#byId.get(id);
  }

  /**
   * The bytes of an object that is here, once they are in memory. They stay as they are while they can be reached.
   * @throws ObjectLostError, ObjectStoreFullError, OutOfDiskError when it can't be restored
   */
  read(id: string): Uint8Array | undefined | Promise<Uint8Array> {
    const object = this.#byId.get(id);
    return object && (object.view() ?? object.viewed());
  }

  /** What is there of an object is lost: it is here no more, whoever owns it. */
  drop(id: string): void {
    this.#byId.get(id)?.free();
    this.#byId.delete(id);
  }

  /** An owner lets go of an object; the last one frees it. Returns whether it was this owner's. */
  release(id: string, owner: string): boolean {
    const object = this.#byId.get(id);
    if (!object?.owners.delete(owner)) return false;
    if (object.owners.size > 0) return true;
    this.#byId.delete(id);
    object.free();
    return true;
  }

  /** Returns how many there were. */
  releaseAllOf(owner: string): number {
    let count = 0;
    for (const id of this.#byId.keys()) if (this.release(id, owner)) count++;
    return count;
  }

  /** Whether these owners have objects here, which may be nowhere else. */
  hasObjectsOf(isOwner: (owner: string) => boolean): boolean {
    for (const { owners } of this.#byId.values()) if ([...owners].some(isOwner)) return true;
    return false;
  }

  /**
   * What it holds, and why, as far as it can tell.
   * @param more what else is known of an object: its id, and who holds it
   */
  report(more: (object: StoredObject) => More = () => ({})): { objects: ObjectFacts[]; totals: StoreTotals } {
    const ids = new Map([...this.#byId].map(([id, object]) => [object, id]));
    const objects = this.#objects;
    const nowMs = Date.now();
    const inUse = objects.filter(({ isPinned, isViewed }) => isPinned || isViewed);
    return {
      objects: objects.map((object) => {
        const { id = ids.get(object), holders = [] } = more(object);
        return {
          ...(id !== undefined && { id }),
          bytes: object.byteLength,
          owner: [...object.owners][0] ?? object.facts.owner,
          label: object.isFreed ? `${object.facts.label}, freed` : object.facts.label,
          ageMs: Math.max(0, nowMs - object.createdMs),
          place: placeOf(object),
          holders: [
            ...holders,
            ...(object.isViewed ? [{ kind: "view" as const }] : []),
            ...(object.isPinned ? [{ kind: "pin" as const }] : []),
          ],
        };
      }),
      totals: {
        capacityBytes: this.capacityBytes,
        usedBytes: this.#usedBytes,
        pinnedBytes: inUse.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
        spilledBytes: this.#files.bytes,
        idleBytes: this.#segments.idleBytes,
      },
    };
  }

  /** Frees memory that waits for nothing but its views to be collected; for a time in which nobody waits for anything. */
  tidy(): void {
    if (this.#lingering.size > 0) this.#views.collect();
  }

  /** Moves all to disk that nobody uses now, and gives back all memory that is in no use. */
  shrink(): void {
    this.#views.collect();
    try {
      this.#spillSync(this.#usedBytes);
    } catch {
      // The disk is full: what is in memory stays there.
    }
    this.#segments.trim(0);
  }

  /** Resolves when no spilling is under way. */
  async settled(): Promise<void> {
    await this.#spilling;
  }

  /** Lets go of everything; views of the program stay good. */
  close(): void {
    for (const object of this.#objects) object.free();
    this.#byId.clear();
    this.#segments.close();
  }

  get #objects(): StoredObject[] {
    return [...new Set([...this.#inMemory, ...this.#onDisk, ...this.#copied])];
  }

  #shelve(segment: Segment, byteLength: number, facts: StoredFacts): StoredObject {
    const object = new StoredObject(byteLength, facts, segment, this.#shelf, Date.now());
    this.#inMemory.add(object);
    return object;
  }

  #take(byteLength: number): Segment {
    const bytes = classAtLeast(byteLength);
    if (!this.#segments.hasIdle(byteLength)) this.#collectLingering();
    this.#reserve(bytes);
    try {
      const segment = this.#segments.take(byteLength);
      this.#usedBytes += segment.bytes.byteLength - bytes;
      return segment;
    } catch (cause) {
      this.#usedBytes -= bytes;
      throw this.#full(byteLength, "the system gives no more memory", cause);
    } finally {
      // What is idle is memory, too.
      this.#segments.trim(Math.max(0, this.capacityBytes - this.#usedBytes));
    }
  }

  #giveBack(segment: Segment): void {
    this.#usedBytes -= segment.bytes.byteLength;
    this.#segments.give(segment);
  }

  #reserve(bytes: number): void {
    if (bytes > this.capacityBytes) throw this.#full(bytes, "it is larger than the whole store");
    const hasRoom = () => this.#usedBytes + bytes <= this.capacityBytes;
    if (!hasRoom()) this.#collect();
    if (!hasRoom()) this.#makeRoom(bytes);
    if (!hasRoom()) throw this.#full(bytes, "tasks or views of the program hold what is in it");
    this.#usedBytes += bytes;
    this.#takenBytes += bytes;
    if (this.#usedBytes > spillFrom * this.capacityBytes) this.#spillSoon();
  }

  /** Spills at once, whatever it takes. @throws OutOfDiskError */
  #makeRoom(bytes: number): void {
    const missing = () => this.#usedBytes + bytes - this.capacityBytes;
    try {
      // More than has to be, so that the next one need not wait, too.
      this.#spillSync(Math.max(missing(), Math.min(fusedBytes, this.capacityBytes / 10)));
    } catch {
      // If there is still no room below, this comes up again.
    }
    if (missing() <= 0) return;
    // What is viewed can't be spilled, but the view may be garbage.
    this.#views.collect();
    if (missing() > 0) this.#spillSync(missing());
  }

  #spillSync(bytes: number): void {
    const { evict, writes } = planSpill(this.#inMemory, bytes);
    for (const object of evict) object.evict();
    for (const objects of writes) this.#spilled(objects, this.#files.writeSync(objects.map(bytesOf)));
  }

  #spillSoon(): void {
    if (this.#spilling !== undefined || performance.now() < this.#restUntilMs) return;
    this.#spilling = this.#spill()
      .catch(() => {
        // The objects stay in memory. Who needs room that there is not hears of it.
        this.#restUntilMs = performance.now() + restMs;
      })
      .finally(() => {
        this.#spilling = undefined;
      });
  }

  async #spill(): Promise<void> {
    await nextTurn();
    // Turns in which the program hears of refs and views that were garbage.
    if (this.#collect()) await nextTurn();
    const { evict, writes } = planSpill(this.#inMemory, this.#usedBytes - spillTo * this.capacityBytes);
    for (const object of evict) object.evict();
    for (const planned of writes) {
      const objects = planned.filter((object) => object.memoryBytes > 0 && !object.isFreed);
      if (objects.length > 0) this.#spilled(objects, await this.#files.write(objects.map(bytesOf)));
    }
  }

  #spilled(objects: StoredObject[], slots: Slot[]): void {
    for (const [index, object] of objects.entries()) {
      const slot = slots[index]!;
      if (object.isFreed || object.isOnDisk) this.#files.discard(slot);
      else {
        this.#onDisk.add(object);
        object.spilledTo(slot);
        object.evict();
      }
    }
  }

  /** Frees memory that waits for nothing but its views to be collected, rather than to ask for fresh one. */
  #collectLingering(): void {
    this.#seenBytes = Math.min(this.#seenBytes, this.#lingeringBytes);
    if (this.#lingeringBytes - this.#seenBytes < mostLingeringBytes) return;
    this.#views.collect();
    this.#seenBytes = this.#lingeringBytes;
  }

  /** What is garbage and has a copy takes memory that nobody misses here. */
  #collectCopies(byteLength: number): void {
    this.#copiedBytes += byteLength;
    if (this.#copiedBytes < collectCopiesAfter) return;
    this.#copiedBytes = 0;
    this.#views.collect();
  }

  /** Collects garbage, unless that was done not long ago. */
  #collect(): boolean {
    if (this.#takenBytes < collectAfter * this.capacityBytes) return false;
    this.#takenBytes = 0;
    this.#views.collect();
    return true;
  }

  async #bring(byteLength: number, read: (into: Uint8Array) => Promise<void>): Promise<Segment> {
    const segment = this.#take(byteLength);
    try {
      await read(segment.bytes);
      return segment;
    } catch (error) {
      this.#giveBack(segment);
      throw error;
    }
  }

  #full(bytes: number, why: string, cause?: unknown): ObjectStoreFullError {
    const { capacityBytes, usedBytes, spilledBytes } = this;
    return new ObjectStoreFullError(
      `the object store of ${capacityBytes} bytes has no room for one of ${bytes}: ${why}`,
      {
        remedy: "Give the host more by objectStoreBytes, or free refs and views that are not needed.",
        data: { bytes, capacityBytes, usedBytes, spilledBytes },
        cause,
      },
    );
  }
}

const placeOf = ({ memoryBytes, isOnDisk }: StoredObject): ObjectFacts["place"] =>
  memoryBytes > 0 ? "memory" : isOnDisk ? "disk" : "gpu";

const bytesOf = (object: StoredObject) => object.bytes!;
