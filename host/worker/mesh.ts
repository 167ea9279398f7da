import { CollectiveError, fromWireError, TaskError } from "../../scheduler/protocol/errors.ts";
import type { GangPlace } from "../../scheduler/protocol/messages.ts";
import { ByteRing, nobody, type Sleeper, streamEnd } from "../ring/byte-ring.ts";
import type { NestedReply, Peers, Said, WorkerCall } from "./messages.ts";
import type { Meter } from "./meter.ts";

/**
 * So often it is looked for bytes before the thread sleeps. More only keep the cpu from who is to send them, where a gang has
 * more members than there are cpus, and save little elsewhere.
 */
const looksBeforeSleep = 20;
/**
 * A member that has waited for so long, in ms, gives its cpu to others, among them those that it waits for, if they had
 * none. It costs more than most waits take.
 */
const patienceMs = 10;
/**
 * How often it is looked whether another process has written or taken anything, in ms: at first, and at last. To look on without
 * a sleep would take the cpu from who is waited for, where there are more members than cpus.
 */
const pollMs = { first: 0.02, growth: 1.1, last: 1 } as const;

/** One end of a stream to another member, or from it. */
export type Stream = {
  write(bytes: Uint8Array): number;
  read(into: Uint8Array): number;
  end(how: typeof streamEnd.closed): void;
  readonly ended: number;
  readerSleeps(sleeper: Sleeper): void;
  writerSleeps(sleeper: Sleeper): void;
};

export type MeshDeps = {
  meter: Meter;
  /** The worker's own. */
  index: number;
  /** Wakes another worker, by its index. */
  wake(worker: number): void;
  /** One end of the stream from one member to another in the file that they have in common. */
  ofFile(file: number, size: number, from: number, to: number): Stream;
  post(message: Said): void;
  /** The host's answer, if it has come. */
  receive(): NestedReply | undefined;
};

type Ends = { out: Stream; in: Stream; isPolled: boolean };

/** The streams of bytes between a running task and the other members of its gang. */
export class Mesh {
  readonly #deps: MeshDeps;
  #name = "";
  #place: GangPlace | undefined;
  #peers: Peers | undefined;
  #ends: (Ends | undefined)[] = [];

  constructor(deps: MeshDeps) {
    this.#deps = deps;
  }

  begin(name: string, { gang }: WorkerCall): void {
    this.#name = name;
    this.#place = gang;
    if (this.#peers === undefined) return;
    this.#peers = undefined;
    this.#ends = [];
  }

  get hasJoined(): boolean {
    return this.#peers !== undefined;
  }

  /** The task has returned: whoever waits for more of it is to hear that there is none. */
  end(): void {
    if (this.#peers === undefined) return;
    for (let rank = 0; rank < this.place.size; rank++) {
      if (rank === this.place.rank) continue;
      const { out, in: from } = this.#endsWith(rank);
      out.end(streamEnd.closed);
      from.end(streamEnd.closed);
    }
  }

  /** Which of how many members it is. @throws TaskError when it is none of a gang */
  get place(): GangPlace {
    if (this.#place !== undefined) return this.#place;
    throw new TaskError(`${this.#name} is no member of a gang, so that there is nobody to talk to`, {
      remedy:
        "Call the kernel by gang() rather than by remote() or map(), a method by gangOf(), and not from a task.",
      data: { kernel: this.#name },
    });
  }

  /**
   * Sends bytes, and waits while the other has no room for them.
   * @throws CollectiveError when that member has ended, or can't be reached; TaskTimeoutError, TaskCancelledError
   */
  send(to: number, bytes: Uint8Array): void {
    const { out, isPolled } = this.#endsWith(to);
    let count = 0;
    while (true) {
      count += out.write(count === 0 ? bytes : bytes.subarray(count));
      if (count === bytes.byteLength) return;
      this.#await(
        () => {
          const moved = out.write(bytes.subarray(count));
          count += moved;
          if (moved === 0 && out.ended !== streamEnd.open) throw this.#lost(to, out);
          return moved > 0;
        },
        isPolled,
        (sleeper) => out.writerSleeps(sleeper),
      );
    }
  }

  /** Waits for as many bytes as there is room for. @throws as `send` */
  receive(from: number, into: Uint8Array): void {
    const { in: stream, isPolled } = this.#endsWith(from);
    let count = 0;
    while (true) {
      count += stream.read(count === 0 ? into : into.subarray(count));
      if (count === into.byteLength) return;
      this.#await(
        () => {
          // Before it is looked for more: whoever ends has written all.
          const hasEnded = stream.ended !== streamEnd.open;
          const moved = stream.read(into.subarray(count));
          count += moved;
          if (moved === 0 && hasEnded) throw this.#lost(from, stream);
          return moved > 0;
        },
        isPolled,
        (sleeper) => stream.readerSleeps(sleeper),
      );
    }
  }

  /** Waits until something has moved. */
  #await(look: () => boolean, isPolled: boolean, sleeps: (sleeper: Sleeper) => void): void {
    const { meter, index, post, receive } = this.#deps;
    if (meter.check() === 0) throw meter.stopped;
    for (let looks = 0; looks < (isPolled ? 1 : looksBeforeSleep); looks++) if (look()) return;
    const sinceMs = performance.now();
    let hasGivenUp = false;
    let lookMs: number = isPolled ? pollMs.first : patienceMs;
    const moved = () => {
      if (look()) return true;
      sleeps(index + 1);
      // What has moved before that, nobody tells.
      if (look()) return true;
      if (hasGivenUp) {
        const reply = receive();
        if (reply?.kind === "failed") throw fromWireError(reply.error);
      } else if (performance.now() - sinceMs > patienceMs) {
        hasGivenUp = true;
        post({ kind: "waits" });
      }
      if (isPolled) lookMs = Math.min(pollMs.growth * lookMs, pollMs.last);
      else if (hasGivenUp) lookMs = Number.POSITIVE_INFINITY;
      return undefined;
    };
    meter.await(moved, () => lookMs);
    sleeps(nobody);
    if (hasGivenUp) post({ kind: "goesOn" });
  }

  #endsWith(peer: number): Ends {
    const known = this.#ends[peer];
    if (known !== undefined) return known;
    const { rank, size } = this.place;
    if (!Number.isInteger(peer) || peer < 0 || peer >= size || peer === rank) {
      throw new TaskError(`${this.#name}: rank ${rank} of a gang of ${size} can't talk to rank ${peer}`);
    }
    this.#peers ??= this.#join();
    const { board, files } = this.#peers;
    const { ofFile } = this.#deps;
    const file = files[peer];
    const ends: Ends =
      file === undefined
        ? {
            out: new ByteRing(board, size, rank, peer, this.#wake),
            in: new ByteRing(board, size, peer, rank, this.#wake),
            isPolled: false,
          }
        : { out: ofFile(file, size, rank, peer), in: ofFile(file, size, peer, rank), isPolled: true };
    this.#ends[peer] = ends;
    return ends;
  }

  /** Waits until all members have asked for each other. */
  #join(): Peers {
    const { meter, post, receive } = this.#deps;
    post({ kind: "join" });
    const reply = meter.await(receive);
    if (reply.kind === "joined") return reply.peers;
    throw reply.kind === "failed"
      ? fromWireError(reply.error)
      : new TaskError(`the host answered with ${reply.kind}, which was not asked for`);
  }

  /** Wakes the worker at the other end, or has the host look. */
  readonly #wake = (sleeper: Sleeper): void => {
    if (sleeper < nobody) this.#deps.post({ kind: "moved" });
    else this.#deps.wake(sleeper - 1);
  };

  #lost(rank: number, { ended }: Stream): CollectiveError {
    const { group } = this.place;
    const why = ended === streamEnd.broken ? "can't be reached any more" : "has returned";
    return new CollectiveError(`${this.#name} waits for rank ${rank} of its gang, which ${why}`, {
      remedy: "Have all members make the same calls, and call the gang once more when one of them was lost.",
      data: { group, rank },
    });
  }
}
