import {
  headers,
  type JetStreamClient,
  type JetStreamManager,
  type MsgHdrs,
  type NatsConnection,
  type NatsError,
} from "nats";
import { answerMs, Patient, retryWaitMs, wrongLastSequence } from "../control/patience.ts";
import { subjectsOf } from "../protocol/subjects.ts";
import type { Format } from "../protocol/submit.ts";
import { decodeRecord, encodeRecord, type JobRecord } from "./record.ts";
import { makeStores, type Stores, sharedConsumer, storesOf } from "./streams.ts";

/** The server's word for a second message of a subject that has one. */
const subjectHasOne = 10_077;
const notFound = 10_037;
/** The most that a dead letter tells of why. */
const longestReason = 500;
/** What a dead letter has more than its job. */
const letterOverheadBytes = 1_024;

/** A message of a stream. */
export type Stored = { id: string; payload: Uint8Array; seq: number; atMs: number; reason?: string };
type Clients = { jetstream: JetStreamClient; manager: JetStreamManager };
export type StoredRecord = { record: JobRecord | undefined; seq: number };

/** The jobs of a cluster as JetStream keeps them: those to do, what became of them, and those that can't be done. */
export class JobStores {
  readonly connection: NatsConnection;
  readonly cluster: string;
  readonly subjects: ReturnType<typeof subjectsOf>;
  readonly names: Stores;
  readonly #resultTtlMs: number | undefined;
  readonly #patient: Patient<Clients>;

  constructor(connection: NatsConnection, cluster: string, resultTtlMs?: number) {
    this.connection = connection;
    this.cluster = cluster;
    this.subjects = subjectsOf(cluster);
    this.names = storesOf(cluster);
    this.#resultTtlMs = resultTtlMs;
    this.#patient = new Patient(connection, () => this.#open());
  }

  /** Makes what is missing. @throws ConnectionError when the server has no JetStream */
  open(): Promise<void> {
    return this.#patient.run(async () => {});
  }

  /** Looks for everything again, since some of it was missing. */
  async reopen(): Promise<void> {
    this.#patient.forget();
    await new Promise((resolve) => setTimeout(resolve, retryWaitMs));
    await this.open();
  }

  /** Keeps a job: resolves once the stream has it, also when it had one of this id before. */
  submit(id: string, payload: Uint8Array): Promise<void> {
    return this.#patient.run(async ({ jetstream }) => {
      await jetstream.publish(this.subjects.job(id), payload, { timeout: answerMs }).catch((error) => {
        if (errorCode(error) !== subjectHasOne) throw error;
      });
    }, Number.POSITIVE_INFINITY);
  }

  /** The job of this id, while it is not done. */
  job(id: string): Promise<Stored | undefined> {
    return this.#patient.run(() => this.#last(this.names.jobs, this.subjects.job(id)));
  }

  deadLetter(id: string): Promise<Stored | undefined> {
    return this.#patient.run(() => this.#last(this.names.dead, this.subjects.deadJob(id)));
  }

  /** What has become of a job. What anyone else has written there counts as no record, but has a sequence number. */
  async record(id: string): Promise<StoredRecord | undefined> {
    const stored = await this.#patient.run(() => this.#last(this.names.results, this.names.result(id)));
    return stored && { record: decodeRecord(stored.payload), seq: stored.seq };
  }

  /**
   * Writes what has become of a job, unless someone else has since.
   * @param after the record that it takes the place of, 0 if there is none
   * @returns whether it was written
   */
  writeRecord(record: JobRecord, format: Format, after = 0): Promise<boolean> {
    const payload = encodeRecord(record, format);
    return this.#patient.run(async ({ jetstream }) => {
      const options = { timeout: answerMs, expect: { lastSubjectSequence: after } };
      return jetstream.publish(this.names.result(record.id), payload, options).then(
        () => true,
        (error) => {
          if (errorCode(error) !== wrongLastSequence) throw error;
          return false;
        },
      );
    });
  }

  /** Keeps a job that can't be done, as it was published, and why. */
  bury(id: string, payload: Uint8Array, reason: string): Promise<void> {
    const most = (this.connection.info?.max_payload ?? Number.POSITIVE_INFINITY) - letterOverheadBytes;
    const isKept = payload.byteLength <= most;
    const shown = reason.replace(/\P{ASCII}|\p{Cc}/gu, " ").slice(0, longestReason);
    return this.#patient.run(async ({ jetstream }) => {
      const why = headers();
      why.set("Wray-Reason", isKept ? shown : `${shown} (its ${payload.byteLength} bytes are not kept)`);
      const letter = isKept ? payload : new Uint8Array();
      await jetstream.publish(this.subjects.deadJob(id), letter, { timeout: answerMs, headers: why });
    });
  }

  /** Whether hosts were given this job, at least once. */
  wasDelivered({ seq }: Stored): Promise<boolean> {
    return this.#patient.run(async ({ manager }) => {
      const { delivered } = await manager.consumers.info(this.names.jobs, sharedConsumer);
      return seq <= delivered.stream_seq;
    });
  }

  removeJob = ({ seq }: Stored): Promise<void> => this.#remove(this.names.jobs, seq);
  removeDeadLetter = ({ seq }: Stored): Promise<void> => this.#remove(this.names.dead, seq);
  removeRecord = ({ seq }: { seq: number }): Promise<void> => this.#remove(this.names.results, seq);

  /** The ids of the jobs to do, of those with a record, and of those that are dead. */
  ids(): Promise<{ jobs: string[]; records: string[]; dead: string[] }> {
    const { names, subjects } = this;
    return this.#patient.run(async ({ manager }) => {
      const [jobs, records, dead] = await Promise.all(
        (
          [
            [names.jobs, subjects.job("")],
            [names.results, names.result("")],
            [names.dead, subjects.deadJob("")],
          ] as const
        ).map(async ([stream, prefix]) => {
          const { state } = await manager.streams.info(stream, { subjects_filter: `${prefix}>` });
          return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
        }),
      );
      return { jobs: jobs!, records: records!, dead: dead! };
    });
  }

  async #open(): Promise<Clients> {
    await makeStores(this.connection, this.names, this.subjects, this.#resultTtlMs);
    return {
      jetstream: this.connection.jetstream({ timeout: answerMs }),
      manager: await this.connection.jetstreamManager({ checkAPI: false, timeout: answerMs }),
    };
  }

  /** The newest message of a subject, as any of the servers that have the stream gives it. */
  async #last(stream: string, subject: string): Promise<Stored | undefined> {
    const request = `$JS.API.DIRECT.GET.${stream}.${subject}`;
    const { headers, data } = await this.connection.request(request, undefined, { timeout: answerMs });
    if (headers === undefined || headers.code === 404) {
      // Of several, one that is behind the others has not heard of it yet.
      return this.connection.info?.cluster === undefined ? undefined : this.#lastOfLeader(stream, subject);
    }
    const [seq, atMs] = [Number(headers.get("Nats-Sequence")), Date.parse(headers.get("Nats-Time-Stamp"))];
    return stored(subject, data, seq, atMs, headers);
  }

  async #lastOfLeader(stream: string, subject: string): Promise<Stored | undefined> {
    const manager = await this.connection.jetstreamManager({ checkAPI: false, timeout: answerMs });
    try {
      const message = await manager.streams.getMessage(stream, { last_by_subj: subject });
      return stored(subject, message.data, message.seq, message.time.getTime(), message.header);
    } catch (error) {
      if (errorCode(error as NatsError) !== notFound) throw error;
      return undefined;
    }
  }

  #remove(stream: string, seq: number): Promise<void> {
    return this.#patient.run(async ({ manager }) => {
      await manager.streams.deleteMessage(stream, seq).catch((error) => {
        if (![notFound, 10_043].includes(errorCode(error)!)) throw error;
      });
    });
  }
}

function stored(subject: string, data: Uint8Array, seq: number, atMs: number, headers: MsgHdrs): Stored {
  const reason = headers.get("Wray-Reason");
  return {
    id: subject.slice(subject.lastIndexOf(".") + 1),
    payload: Uint8Array.from(data),
    ...{ seq, atMs },
    ...(reason !== "" && { reason }),
  };
}

const errorCode = (error: NatsError) => error.api_error?.err_code;
