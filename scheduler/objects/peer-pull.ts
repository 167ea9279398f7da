import type { Bus } from "../bus/bus.ts";
import { ConnectionError, ProtocolError } from "../protocol/errors.ts";
import type { Door, ObjectReply } from "../protocol/messages.ts";
import type { Peer, Subjects } from "../protocol/subjects.ts";
import { unlessAborted } from "../time/unless-aborted.ts";
import { chunkBytesOf, pullChunks, requestObject } from "./pull-chunks.ts";
import { pullDirect } from "./pull-direct.ts";

/** How long a peer that is about to have the object is waited for, before the next is asked. */
const comingMs = 10_000;
/** A peer answers late that something is coming; this is for one that does not. */
const comingWaitMs = 10;

/** How far an object is here, whoever gave it. */
export type Progress = {
  allocate(bytes: number): Uint8Array;
  object: Uint8Array | undefined;
  /** All before this is there, its sums checked. */
  doneBytes: number;
};

export type PeerPullDeps = {
  bus: Bus;
  subjects: Subjects;
  id: string;
  peer: Peer;
  progress: Progress;
  signal: AbortSignal | undefined;
  /** Is aborted when the peer is gone. */
  gone: AbortSignal;
};

/** An object's way here from one peer: through its door, or, where that can't be reached, in chunks over the bus. */
export class PeerPull {
  readonly #deps: PeerPullDeps;
  readonly #subject: string;
  /** Ends what is under way, whatever the reason. */
  readonly #signal: AbortSignal;
  /** The door could not be reached, or did not let us in. */
  #isDoorShut: boolean;
  /** The peer does not have the object, or what it says can't be believed. */
  isUseless = false;

  constructor(deps: PeerPullDeps) {
    this.#deps = deps;
    this.#subject = deps.subjects.objects(deps.peer);
    const { signal, gone } = deps;
    this.#signal = signal === undefined ? gone : AbortSignal.any([signal, gone]);
    this.#isDoorShut = deps.bus.direct === undefined;
  }

  /** Goes on for as long as the peer gives something. Returns the object if it is whole then. */
  async run(): Promise<Uint8Array | undefined> {
    const { signal, gone } = this.#deps;
    try {
      return await this.#run();
    } catch (error) {
      if (!gone.aborted || signal?.aborted) throw error;
      this.isUseless = true;
      return undefined;
    }
  }

  async #run(): Promise<Uint8Array | undefined> {
    const { progress } = this.#deps;
    const comingUntilMs = performance.now() + comingMs;
    while (!this.isUseless) {
      const { doneBytes } = progress;
      const reply = await this.#believed(() => this.#ask());
      if (reply === undefined) return undefined;
      if (reply.coming) {
        this.isUseless = performance.now() > comingUntilMs;
        await new Promise((resolve) => setTimeout(resolve, comingWaitMs));
        continue;
      }
      this.isUseless = reply.data === undefined && reply.door === undefined;
      if (this.isUseless) return undefined;
      const object = this.#memory(reply);
      if (object === undefined) return undefined;
      await this.#believed(() => this.#take(object, reply));
      this.#signal.throwIfAborted();
      if (progress.doneBytes === object.byteLength) return object;
      // Through a door that was shut, nothing came: the bus is next.
      if (progress.doneBytes === doneBytes && reply.door === undefined) return undefined;
    }
    return undefined;
  }

  /** The memory for the object, unless its size is another than others said. */
  #memory({ bytes }: ObjectReply): Uint8Array | undefined {
    const { progress } = this.#deps;
    progress.object ??= progress.allocate(bytes);
    if (progress.object.byteLength === bytes) return progress.object;
    this.#distrust(`it says that it has ${bytes} bytes, where another said ${progress.object.byteLength}`);
    return undefined;
  }

  async #ask(): Promise<ObjectReply | undefined> {
    const { bus, id, progress } = this.#deps;
    const request = { id, offset: progress.doneBytes, length: chunkBytesOf(bus) };
    return unlessAborted(this.#signal, () =>
      requestObject(bus, this.#subject, this.#isDoorShut ? request : { ...request, door: true }),
    );
  }

  async #take(object: Uint8Array, { data, door }: ObjectReply): Promise<void> {
    const { bus, id, progress } = this.#deps;
    if (door !== undefined) return this.#takeDirect(object, door);
    if (data!.byteLength > object.byteLength - progress.doneBytes)
      throw new ProtocolError("it gave too much");
    object.set(data!, progress.doneBytes);
    progress.doneBytes += data!.byteLength;
    if (progress.doneBytes === object.byteLength) return;
    progress.doneBytes = await pullChunks(bus, this.#subject, id, object, progress.doneBytes, this.#signal);
  }

  async #takeDirect(object: Uint8Array, door: Door): Promise<void> {
    const { bus, progress } = this.#deps;
    if (this.#isDoorShut || bus.direct === undefined) throw new ProtocolError("a door that nobody asked for");
    const { doneBytes } = progress;
    progress.doneBytes = await pullDirect(bus.direct, door, object, doneBytes, this.#signal);
    this.#isDoorShut = progress.doneBytes === doneBytes;
  }

  /** What `action` gives; undefined when nobody answers, or what comes can't be believed. */
  async #believed<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof ProtocolError) this.#distrust(error.message);
      else if (!(error instanceof ConnectionError)) throw error;
      return undefined;
    }
  }

  #distrust(why: string): void {
    const { id, peer } = this.#deps;
    this.isUseless = true;
    console.error(`wray: object ${id} is not taken from ${peer.kind} ${peer.id}: ${why}`);
  }
}
