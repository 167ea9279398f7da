import type { Bus, Subscription } from "../bus/bus.ts";
import { type JobRequest, parseJob } from "../jobs/job.ts";
import type { JobStores, Stored, StoredRecord } from "../jobs/job-stores.ts";
import { isFinal, type JobRecord } from "../jobs/record.ts";
import {
  fromWireError,
  GetTimeoutError,
  InvalidTaskError,
  JobNotFoundError,
  LimitExceededError,
  ProtocolError,
  ShutdownError,
  TaskCancelledError,
} from "../protocol/errors.ts";
import { checkName, protocolVersion } from "../protocol/subjects.ts";
import { encodePlain, formatOf, maxSubmitBytes } from "../protocol/submit.ts";
import { decodeValue } from "../protocol/value.ts";
import { within } from "../time/within.ts";
import { Job } from "./job.ts";
import { checkWaitOptions } from "./wait.ts";

/** What a message has more than the job in it. */
const messageOverheadBytes = 1_024;
/** How often it is looked whether a job is done for which nothing was heard. */
const pollMs = 5_000;
/** Whoever listens hears of a record before the servers have agreed to keep it. */
const soonMs = 5;
/** Records that are asked for at once. */
const listWidth = 64;

/** What has become of a job. */
export type JobStatus = {
  id: string;
  /**
   * `waiting`: no host has had it yet. `running`: one has it. `retrying`: it has failed and will be run again, or is.
   * `unknown`: the cluster has no such job, or its result was kept for long enough.
   */
  state: "waiting" | "running" | "retrying" | "done" | "failed" | "cancelled" | "unknown";
  /** `module/function` */
  kernel?: string;
  /** The host that had it last. */
  host?: string;
  /** How often it was run. */
  attempts?: number;
  /** Why it has failed, or failed the last time. */
  error?: Error;
  /** Whether it can be replayed. */
  isDead?: boolean;
  /** When it was submitted, in ms since 1970, as long as it is not done. */
  submittedMs?: number;
  /** When it came to this state, in ms since 1970. */
  atMs?: number;
};

/** @throws InvalidTaskError when there are none */
export function ofCluster(jobs: Jobs | undefined): Jobs {
  if (jobs !== undefined) return jobs;
  throw new InvalidTaskError("an embedded host has no jobs: nothing would outlive this program", {
    remedy: 'Join a cluster by init({ servers: "nats://…" }).',
  });
}

/** A job that has failed for good: its dead letter. */
export type DeadJob = { id: string; kernel?: string; atMs: number; reason: string };

/** A client's view of the jobs of its cluster. */
export class Jobs {
  readonly #stores: JobStores;
  readonly #bus: Bus;
  readonly #wakers = new Set<() => void>();
  readonly #reconnects: Subscription;
  readonly #closed: Promise<never>;
  #close!: (error: Error) => void;

  constructor(stores: JobStores, bus: Bus) {
    this.#stores = stores;
    this.#bus = bus;
    this.#reconnects = bus.onReconnect(() => {
      for (const wake of this.#wakers) wake();
    });
    this.#closed = new Promise((_, reject) => {
      this.#close = reject;
    });
    this.#closed.catch(() => {});
  }

  job(id: string): Job {
    return new Job(checkName("job", id), this);
  }

  async submit(id: string, request: Omit<JobRequest, "args">): Promise<Job> {
    const payload = encodePlain({ v: protocolVersion, ...request }, "msgpack");
    const most = Math.min(maxSubmitBytes, this.#bus.maxPayloadBytes - messageOverheadBytes);
    if (payload.byteLength > most) {
      throw new LimitExceededError(
        `the job ${id} has ${payload.byteLength} bytes; a job has at most ${most}`,
        {
          remedy: "Let the job make its data, or submit several smaller ones.",
          data: { limit: "job", bytes: payload.byteLength, most },
        },
      );
    }
    await this.#orClosed(this.#stores.submit(id, payload));
    return new Job(id, this);
  }

  status(id: string): Promise<JobStatus> {
    return this.#orClosed(this.#status(id));
  }

  async result(id: string, options: { timeoutMs?: number }): Promise<unknown> {
    const { timeoutMs } = checkWaitOptions("result", options, ["timeoutMs"]);
    const waiting = new AbortController();
    const late = () =>
      new GetTimeoutError(`job ${id} was not done within ${timeoutMs} ms`, {
        remedy: "Wait longer, or ask again later; the job goes on.",
        data: { timeoutMs, id },
      });
    try {
      const done = this.#orClosed(this.#done(id, waiting.signal));
      return resultOf(await (timeoutMs === undefined ? done : within(timeoutMs, done, late)));
    } finally {
      waiting.abort();
    }
  }

  cancel(id: string): Promise<boolean> {
    return this.#orClosed(this.#cancel(id));
  }

  replay(id: string): Promise<void> {
    return this.#orClosed(this.#replay(id));
  }

  /** All jobs that the cluster knows of, those that are still to be done first. */
  list(): Promise<JobStatus[]> {
    return this.#orClosed(this.#list());
  }

  /** The jobs that can't be done as they are, and why. */
  async dead(): Promise<DeadJob[]> {
    const { dead } = await this.#orClosed(this.#stores.ids());
    const letters = await this.#orClosed(inTurns(dead, (id) => this.#stores.deadLetter(id)));
    return letters.flatMap((letter) => {
      if (letter === undefined) return [];
      const { id, atMs, reason = "" } = letter;
      return [{ id, atMs, reason, ...kernelOf(letter) }];
    });
  }

  /** Fails what is waited for. */
  close(error: Error = new ShutdownError("the client was shut down")): void {
    this.#reconnects.unsubscribe();
    this.#close(error);
    for (const wake of this.#wakers) wake();
  }

  #orClosed<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#closed]);
  }

  async #status(id: string): Promise<JobStatus> {
    const stores = this.#stores;
    const found = await stores.record(id);
    if (found?.record !== undefined && found.record.state !== "retrying") return this.#ended(found.record);
    const job = await stores.job(id);
    if (job === undefined) {
      // It may have been done between the two questions.
      const again = await stores.record(id);
      return again?.record === undefined ? { id, state: "unknown" } : this.#ended(again.record);
    }
    const submitted = { id, submittedMs: job.atMs, ...kernelOf(job) };
    if (found?.record !== undefined) return { ...submitted, ...statusOf(found.record) };
    return { ...submitted, state: (await stores.wasDelivered(job)) ? "running" : "waiting" };
  }

  async #ended(record: JobRecord): Promise<JobStatus> {
    const isDead = record.state === "failed" && (await this.#stores.deadLetter(record.id)) !== undefined;
    return { ...statusOf(record), ...(isDead && { isDead }) };
  }

  async #done(id: string, signal: AbortSignal): Promise<JobRecord> {
    const stores = this.#stores;
    let wake = () => {};
    let waitMs = pollMs;
    const waker = () => {
      waitMs = soonMs;
      wake();
    };
    this.#wakers.add(waker);
    const subscription = stores.connection.subscribe(stores.names.result(id), { callback: waker });
    try {
      while (!signal.aborted) {
        let timer: NodeJS.Timeout | undefined;
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, waitMs);
          waitMs = Math.min(2 * waitMs, pollMs);
        });
        signal.addEventListener("abort", waker, { once: true });
        try {
          const isHere = finalOf(await stores.record(id));
          if (isHere !== undefined) return isHere;
          if ((await stores.job(id)) === undefined) {
            const record = finalOf(await stores.record(id));
            if (record !== undefined) return record;
            throw notFound(id);
          }
          await woken;
        } finally {
          clearTimeout(timer);
          signal.removeEventListener("abort", waker);
        }
      }
      throw new ShutdownError("nobody waits for it any more");
    } finally {
      subscription.unsubscribe();
      this.#wakers.delete(waker);
    }
  }

  async #cancel(id: string): Promise<boolean> {
    const stores = this.#stores;
    for (;;) {
      const found = await stores.record(id);
      if (finalOf(found) !== undefined) return false;
      const job = await stores.job(id);
      if (job === undefined && finalOf(await stores.record(id)) !== undefined) return false;
      if (job === undefined) throw notFound(id);
      const record: JobRecord = {
        ...{ v: protocolVersion, id, state: "cancelled", atMs: Date.now() },
        ...kernelOf(job),
      };
      if (!(await stores.writeRecord(record, formatOf(job.payload), found?.seq))) continue;
      await stores.removeJob(job);
      this.#bus.publish(stores.subjects.cancelJob, new TextEncoder().encode(id));
      return true;
    }
  }

  /** What was done of it when this program ends in the middle can be done again. */
  async #replay(id: string): Promise<void> {
    const stores = this.#stores;
    const letter = await stores.deadLetter(id);
    if (letter === undefined) {
      throw new JobNotFoundError(`there is no dead letter of job ${id}`, {
        remedy: "`wray jobs dead` lists those that there are.",
        data: { id },
      });
    }
    if (letter.payload.byteLength === 0) {
      throw new InvalidTaskError(`the dead letter of job ${id} has not kept the job: ${letter.reason}`, {
        remedy: "Submit it again.",
        data: { id },
      });
    }
    const found = await stores.record(id);
    if (found?.record?.state !== "done") {
      if (found !== undefined) await stores.removeRecord(found);
      await stores.submit(id, letter.payload);
    }
    await stores.removeDeadLetter(letter);
  }

  async #list(): Promise<JobStatus[]> {
    const { jobs, records, dead } = await this.#stores.ids();
    const isDead = new Set(dead);
    const open = await inTurns(jobs, (id) => this.#status(id));
    const ended = await inTurns(
      records.filter((id) => !jobs.includes(id)),
      async (id) => (await this.#stores.record(id))?.record,
    );
    return [
      ...open,
      ...ended.flatMap((record) =>
        record === undefined ? [] : [{ ...statusOf(record), ...(isDead.has(record.id) && { isDead: true }) }],
      ),
    ];
  }
}

const finalOf = (found: StoredRecord | undefined) =>
  found?.record !== undefined && isFinal(found.record) ? found.record : undefined;

function statusOf({ id, state, kernel, host, attempts, error, atMs }: JobRecord): JobStatus {
  return {
    ...{ id, state, atMs },
    ...(kernel !== undefined && { kernel }),
    ...(host !== undefined && { host }),
    ...(attempts !== undefined && { attempts }),
    ...(error !== undefined && { error: fromWireError(error) }),
  };
}

function resultOf({ id, state, value, encoded, error }: JobRecord): unknown {
  if (state === "done") return encoded === undefined ? value : decodeValue(encoded.slice());
  if (state === "cancelled") throw new TaskCancelledError(`job ${id} was cancelled`, { data: { id } });
  throw error === undefined
    ? new ProtocolError(`job ${id} has failed without an error`)
    : fromWireError(error);
}

/** The kernel of a job, unless it is malformed. */
function kernelOf({ id, payload }: Stored): { kernel?: string } {
  try {
    return { kernel: parseJob(payload, formatOf(payload), id).kernel };
  } catch {
    return {};
  }
}

const notFound = (id: string) =>
  new JobNotFoundError(`the cluster has no job ${id}`, {
    remedy:
      "Check the id and the cluster; a result is kept for a time only, as hosts are told by --result-ttl-ms.",
    data: { id },
  });

/** Asks for each, some at once. */
async function inTurns<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let at = 0; at < items.length; at += listWidth) {
    answers.push(...(await Promise.all(items.slice(at, at + listWidth).map(ask))));
  }
  return answers;
}
