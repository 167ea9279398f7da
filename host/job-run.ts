import { type JobRequest, parseJob } from "../scheduler/jobs/job.ts";
import type { Delivery } from "../scheduler/jobs/job-feed.ts";
import type { JobStores, StoredRecord } from "../scheduler/jobs/job-stores.ts";
import { encodeRecord, isFinal, type JobRecord } from "../scheduler/jobs/record.ts";
import { defaultMaxRetries, retryAfterMs } from "../scheduler/jobs/retry.ts";
import {
  fromWireError,
  HostDiedError,
  LimitExceededError,
  toWireError,
  type WireError,
} from "../scheduler/protocol/errors.ts";
import { randomId } from "../scheduler/protocol/ids.ts";
import { isName, protocolVersion } from "../scheduler/protocol/subjects.ts";
import { type Format, formatOf } from "../scheduler/protocol/submit.ts";
import { bytesOf } from "../scheduler/protocol/value.ts";
import { type RunRequestDeps, runRequest } from "./run-request.ts";
import { withoutStacks } from "./submit-service.ts";

/** What a record takes of a message beside the result: headers, and the subject. */
const recordOverheadBytes = 1_024;

export type JobRunDeps = RunRequestDeps & {
  stores: JobStores;
  hostId: string;
  /** The most that a record may have. */
  maxPayloadBytes(): number;
  delivery: Delivery;
};

type End = { kind: "returned" } | ({ kind: "value" } & Pick<JobRecord, "value" | "encoded">) | Failure;
type Failure = { kind: "error"; error: WireError };

/** One delivery of a job to this host: runs it, unless it was done before, and writes what became of it. */
export class JobRun {
  readonly delivery: Delivery;
  /** Resolves when this host has no more to do with it. */
  readonly settled: Promise<void>;
  readonly #deps: JobRunDeps;
  /** Tasks go by another id, since the job may be here twice. */
  readonly #taskId: string;
  readonly #format: Format;
  #settle!: () => void;
  #excused = 0;
  #isCancelled = false;

  constructor(deps: JobRunDeps) {
    const { id, payload } = deps.delivery;
    this.#deps = deps;
    this.delivery = deps.delivery;
    this.#taskId = `job ${id} ${randomId()}`;
    this.#format = formatOf(payload);
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get #attempts(): number {
    return this.delivery.deliveries - this.#excused;
  }

  /** Resolves when no worker is needed for it any more. */
  async run(): Promise<void> {
    const { delivery } = this;
    const { stores } = this.#deps;
    try {
      const before = isName(delivery.id) ? await stores.record(delivery.id) : undefined;
      this.#excused = before?.record?.excused ?? 0;
      if (before?.record !== undefined && isFinal(before.record)) {
        delivery.ack();
        this.#settle();
        return;
      }
      const job = this.#parsed();
      const end = await this.#end(job, before?.record?.error);
      void this.#finish("error" in job ? {} : job, end, before);
    } catch {
      // JetStream is away for longer than it should. Someone gets the job again when it is back.
      this.#settle();
    }
  }

  /** Gives the job back unrun. */
  async excuse(): Promise<void> {
    const { id } = this.delivery;
    try {
      const before = isName(id) ? await this.#deps.stores.record(id) : undefined;
      this.#excused = before?.record?.excused ?? 0;
      await this.#giveBack(before);
    } catch {
      // As below: others get it when it has been silent for long enough.
    } finally {
      this.#settle();
    }
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#deps.executor.cancel(undefined, [this.#taskId]);
  }

  #parsed(): JobRequest | Failure {
    const { id, payload } = this.delivery;
    try {
      return parseJob(payload, this.#format, id);
    } catch (error) {
      return failure(error);
    }
  }

  async #end(job: JobRequest | Failure, lastError: WireError | undefined): Promise<End> {
    if ("error" in job) return job;
    const { maxRetries = defaultMaxRetries } = job;
    if (this.#attempts > maxRetries + 1) return tooOften(job.kernel, this.#attempts - 1, lastError);
    const {
      maxRetries: _,
      retryErrors: __,
      backoffMs: ___,
      module,
      values,
      seed = this.delivery.id,
      ...request
    } = job;
    try {
      const { outcome, plainOf } = await runRequest({ ...request, seed }, this.#taskId, this.#deps, {
        module,
        values,
      });
      switch (outcome.kind) {
        case "value":
          return values === undefined
            ? { kind: "value", value: plainOf(outcome.value, this.#format) }
            : { kind: "value", encoded: Uint8Array.from(bytesOf(outcome.value)) };
        case "error":
        case "returned":
          return outcome;
        case "stored":
          throw new Error("a result without an owner is not stored");
      }
    } catch (error) {
      return failure(error);
    }
  }

  /** Writes what became of it, and only then lets the stream forget it. */
  async #finish(job: Partial<JobRequest>, end: End, before: StoredRecord | undefined): Promise<void> {
    const { stores } = this.#deps;
    const { delivery } = this;
    const { id, payload } = delivery;
    try {
      if (end.kind === "returned") return await this.#giveBack(before);
      const record = this.#fitting(this.#record(job, end));
      const { error } = record;
      const waitMs =
        error === undefined || this.#isCancelled
          ? undefined
          : retryAfterMs(error.code, this.#attempts, job, Math.random());
      if (waitMs !== undefined) {
        await stores.writeRecord({ ...record, state: "retrying" }, this.#format, before?.seq);
        return delivery.giveBack(waitMs);
      }
      // Who sees that it has failed finds the letter, too.
      if (error !== undefined && !this.#isCancelled) await stores.bury(id, payload, reasonOf(error));
      const last = isName(id) ? await this.#writeFinal(record, before) : record;
      if (last.state === "done" && delivery.deliveries > 1) await this.#unbury();
      delivery.ack();
    } catch {
      // JetStream is away for longer than it should. Someone gets the job again when it is back.
    } finally {
      this.#settle();
    }
  }

  /** Lets another host have it; that was no attempt. */
  async #giveBack(before: StoredRecord | undefined): Promise<void> {
    const { id } = this.delivery;
    const { kernel, error } = before?.record ?? {};
    const record: JobRecord = {
      ...{ ...this.#head(), state: "retrying", attempts: this.#attempts - 1, excused: this.#excused + 1 },
      ...(kernel !== undefined && { kernel }),
      ...(error !== undefined && { error }),
    };
    const isOver = before?.record !== undefined && isFinal(before.record);
    if (isName(id) && !isOver) await this.#deps.stores.writeRecord(record, this.#format, before?.seq);
    this.delivery.giveBack(0);
  }

  /** The first record that is final stays. @returns that one */
  async #writeFinal(record: JobRecord, before: StoredRecord | undefined): Promise<JobRecord> {
    const { stores } = this.#deps;
    let current = before;
    while (!(await stores.writeRecord(record, this.#format, current?.seq))) {
      current = await stores.record(record.id);
      if (current?.record !== undefined && isFinal(current.record)) return current.record;
    }
    return record;
  }

  /** Another run of it has failed, or its host died before it could say so. */
  async #unbury(): Promise<void> {
    const { stores } = this.#deps;
    const letter = await stores.deadLetter(this.delivery.id);
    if (letter !== undefined) await stores.removeDeadLetter(letter);
  }

  #head() {
    const { id } = this.delivery;
    return { v: protocolVersion, id, host: this.#deps.hostId, atMs: Date.now() };
  }

  #record({ kernel }: Partial<JobRequest>, end: Exclude<End, { kind: "returned" }>): JobRecord {
    const head = { ...this.#head(), ...(kernel !== undefined && { kernel }), attempts: this.#attempts };
    const excused = this.#excused > 0 ? { excused: this.#excused } : {};
    if (end.kind === "error")
      return { ...head, ...excused, state: "failed", error: withoutStacks(end.error) };
    const { kind: _, ...result } = end;
    return { ...head, ...excused, state: "done", ...result };
  }

  /** A record that NATS can carry: of a result that is too large, the error that says so. */
  #fitting(record: JobRecord): JobRecord {
    const most = this.#deps.maxPayloadBytes() - recordOverheadBytes;
    if (record.state !== "done") return record;
    const { byteLength } = encodeRecord(record, this.#format);
    if (byteLength <= most) return record;
    const { value: _, encoded: __, ...others } = record;
    const error = new LimitExceededError(
      `the result of job ${record.id} has ${byteLength} bytes; the NATS server keeps ${most}`,
      {
        remedy: "Let the kernel return less, or raise the server's max_payload and replay the job.",
        data: { limit: "max_payload", maxPayloadBytes: most, bytes: byteLength },
      },
    );
    return { ...others, state: "failed", error: withoutStacks(toWireError(error)) };
  }
}

const failure = (error: unknown): Failure => ({ kind: "error", error: toWireError(error) });
const reasonOf = ({ code, message }: WireError) => `${code}: ${message}`;

function tooOften(kernel: string, times: number, lastError: WireError | undefined): Failure {
  const error = new HostDiedError(
    `${kernel} was begun ${times} times, and its host died or lost its server`,
    {
      remedy: "See the logs of the hosts; then replay the job.",
      cause: lastError && fromWireError(lastError),
    },
  );
  return failure(error);
}
