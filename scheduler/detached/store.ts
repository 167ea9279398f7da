import {
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type KV,
  type KvEntry,
  type NatsConnection,
  type NatsError,
  type ObjectStore,
  RetentionPolicy,
  StorageType,
} from "nats";
import { openActorNames, recordIn } from "../control/jetstream.ts";
import { answerMs, made, Patient, retryWaitMs, wrongLastSequence } from "../control/patience.ts";
import { addReplicas, replicated } from "../control/replicas.ts";
import type { ActorName } from "../protocol/actor-address.ts";
import { decodeKeptState, decodeLogEntries, encodeMessage } from "../protocol/codec.ts";
import type { KeptState, LogEntry, LoggedCall, NamedActor } from "../protocol/messages.ts";
import { subjectsOf } from "../protocol/subjects.ts";
import { type LogStore, messageOf, placeOf } from "./call-log.ts";

type Opened = { jetstream: JetStreamClient; manager: JetStreamManager; states: ObjectStore; names: KV };

/** What outlives the owners of detached actors: their records, the logs of their calls, and their checkpoints. */
export class DetachedStore {
  readonly #connection: NatsConnection;
  readonly #cluster: string;
  readonly #stream: string;
  readonly #subjectOf: (key: string) => string;
  readonly #patient: Patient<Opened>;

  constructor(connection: NatsConnection, cluster: string) {
    this.#connection = connection;
    this.#cluster = cluster;
    this.#stream = `wray-${cluster}-calls`;
    this.#subjectOf = subjectsOf(cluster).callLog;
    this.#patient = new Patient(connection, () => this.#open());
  }

  /** Makes what is missing. @throws ConnectionError when the server has no JetStream */
  open(): Promise<void> {
    return this.#patient.run(async () => {});
  }

  /**
   * Tells of all records that there are, and of each that changes or is gone.
   * @returns how to hear no more
   */
  watch(changed: (name: ActorName, actor: NamedActor | undefined) => void): () => void {
    let isOver = false;
    let stop = () => {};
    const run = async () => {
      while (!isOver) {
        try {
          const entries = await this.#patient.run(({ names }) => names.watch());
          stop = () => entries.stop();
          if (isOver) stop();
          for await (const entry of entries) {
            const [namespace = "", name = ""] = entry.key.split(".");
            changed({ namespace, name }, recordOrNone(entry));
          }
        } catch {
          // The server is away.
        }
        if (!isOver) await new Promise((resolve) => setTimeout(resolve, retryWaitMs).unref());
      }
    };
    void run();
    return () => {
      isOver = true;
      stop();
    };
  }

  /** The log of an actor, by the id that it has with its owner. */
  log(id: string): LogStore {
    const subject = this.#subjectOf(id);
    return {
      append: (entries, after) => this.#append(subject, entries, after),
      // The last one stays: it tells the number after which others are written.
      trim: (number) =>
        this.#patient.run(async ({ manager }) => {
          await manager.streams.purge(this.#stream, { filter: subject, seq: number });
        }),
    };
  }

  /**
   * What an owner has kept and written of an actor, which it can't change any more.
   * @returns undefined when it has neither
   */
  async takeFrom(id: string): Promise<KeptState | undefined> {
    const last = await this.#close(this.#subjectOf(id));
    for (let kept = await this.state(id); ; ) {
      const calls = await this.#callsAfter(id, kept?.at, last);
      // It may be about to keep another state, and have shortened its log since the first was read.
      const now = await this.state(id);
      if (now?.at !== kept?.at) kept = now;
      else if (kept === undefined && calls.length === 0) return undefined;
      else return { ...(kept ?? nothingKept), calls: [...(kept?.calls ?? []), ...calls] };
    }
  }

  /** Keeps the state of an actor, in the place of the one that it had before. */
  putState(id: string, state: KeptState): Promise<void> {
    const bytes = encodeMessage(state);
    return this.#patient.run(async ({ states }) => void (await states.putBlob({ name: id }, bytes)));
  }

  state(id: string): Promise<KeptState | undefined> {
    return this.#patient.run(async ({ states }) => {
      const info = await states.info(id);
      if (info === null || info.deleted) return undefined;
      const bytes = await states.getBlob(id);
      return bytes === null ? undefined : decodeKeptState(Uint8Array.from(bytes));
    });
  }

  /** What an owner has kept of an actor is needed no more. */
  async forget(id: string): Promise<void> {
    await this.#patient.run(async ({ states, manager }) => {
      const info = await states.info(id);
      if (info !== null && !info.deleted) await states.delete(id);
      await manager.streams.purge(this.#stream, { filter: this.#subjectOf(id) });
    });
  }

  /** Writes an end, after which nobody who does not know of it can write. Returns its number. */
  async #close(subject: string): Promise<number> {
    for (;;) {
      const end = await this.#append(subject, [], await this.#last(subject));
      if (end !== undefined) return end;
    }
  }

  /** The calls of a log that are after this place, or all, and have not failed. */
  async #callsAfter(id: string, place: number | undefined, last: number): Promise<LoggedCall[]> {
    const calls: LoggedCall[] = [];
    const failed = new Set<string>();
    for (const { at, entries } of await this.#read(this.#subjectOf(id), messageOf(place ?? 0), last)) {
      for (const [index, entry] of entries.entries()) {
        if (place !== undefined && placeOf(at, index) <= place) continue;
        const { kind, ...call } = entry;
        if (kind === "call") calls.push(call as LoggedCall);
        else failed.add(`${call.caller}.${call.number}`);
      }
    }
    return calls.filter(({ caller, number }) => !failed.has(`${caller}.${number}`));
  }

  /** The messages of a subject from this number to that one, which is there. */
  #read(subject: string, from: number, to: number): Promise<{ at: number; entries: LogEntry[] }[]> {
    return this.#patient.run(async ({ jetstream }) => {
      const consumer = await jetstream.consumers.get(this.#stream, {
        filterSubjects: subject,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: Math.max(from, 1),
      });
      const read: { at: number; entries: LogEntry[] }[] = [];
      const messages = await consumer.consume();
      for await (const { seq, data } of messages) {
        read.push({ at: seq, entries: decodeLogEntries(data) });
        if (seq >= to) break;
      }
      return read;
    });
  }

  #append(subject: string, entries: readonly LogEntry[], after: number): Promise<number | undefined> {
    const payload = encodeMessage(entries);
    let tries = 0;
    return this.#patient.run(async ({ jetstream }) => {
      tries++;
      const options = { timeout: answerMs, expect: { lastSubjectSequence: after } };
      try {
        return (await jetstream.publish(subject, payload, options)).seq;
      } catch (error) {
        if ((error as NatsError).api_error?.err_code !== wrongLastSequence) throw error;
        // It may have been written by a try whose answer was lost.
        return tries === 1 ? undefined : this.#ownLast(subject, payload);
      }
    });
  }

  /** The number of the last message of a subject, if it is this one. */
  async #ownLast(subject: string, payload: Uint8Array): Promise<number | undefined> {
    const last = await this.#patient.run(({ manager }) =>
      manager.streams.getMessage(this.#stream, { last_by_subj: subject }),
    );
    return Buffer.compare(last.data, payload) === 0 ? last.seq : undefined;
  }

  #last(subject: string): Promise<number> {
    return this.#patient.run(async ({ manager }) => {
      try {
        return (await manager.streams.getMessage(this.#stream, { last_by_subj: subject })).seq;
      } catch (error) {
        if ((error as NatsError).api_error?.err_code === noMessage) return 0;
        throw error;
      }
    });
  }

  async #open(): Promise<Opened> {
    const connection = this.#connection;
    const cluster = this.#cluster;
    const manager = await connection.jetstreamManager({ checkAPI: false, timeout: answerMs });
    const jetstream = connection.jetstream({ timeout: answerMs });
    const config = {
      ...{ name: this.#stream, subjects: [this.#subjectOf("*")], storage: StorageType.File },
      ...{ retention: RetentionPolicy.Limits, allow_direct: false },
    };
    const [states, names] = await made(() =>
      replicated(connection, async (replicas) => {
        await manager.streams.add({ ...config, num_replicas: replicas });
        return Promise.all([
          jetstream.views.os(`wray-${cluster}-states`, { replicas }),
          openActorNames(jetstream.views, cluster, replicas),
        ]);
      }),
    );
    await addReplicas(connection, manager, [this.#stream, `OBJ_wray-${cluster}-states`]);
    return { jetstream, manager, states, names };
  }
}

/** What anybody has written that is no record counts as none. */
function recordOrNone(entry: KvEntry): NamedActor | undefined {
  try {
    return recordIn(entry);
  } catch {
    return undefined;
  }
}

const nothingKept: KeptState = { at: 0, calls: [], answers: [] };

/** The server's word for a subject that has no message. */
const noMessage = 10_037;
