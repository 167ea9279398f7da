import type { JobStatus, Jobs } from "./jobs.ts";

/** A task that outlives who submitted it, by its id. Any client of the cluster can have one, by `Client.job`. */
export class Job<T = unknown> {
  readonly id: string;
  readonly #jobs: Jobs;
  /** Only for types: jobs of different results are different. */
  declare readonly value?: T;

  /** Jobs are made by `submit()`, and by `job()` of a client. */
  constructor(id: string, jobs: Jobs) {
    this.id = id;
    this.#jobs = jobs;
  }

  /** What has become of it so far. */
  status(): Promise<JobStatus> {
    return this.#jobs.status(this.id);
  }

  /**
   * Its result, once it is there. Of a job that a client without this library has published, it is plain data.
   * @param options.timeoutMs rejects with GetTimeoutError when it is not done after so long. Default: waits for ever
   * @throws JobNotFoundError when the cluster has no such job, or its result was kept for long enough
   * @throws the error with which it has failed; TaskCancelledError when it was cancelled
   */
  result(options: { timeoutMs?: number } = {}): Promise<T> {
    return this.#jobs.result(this.id, options) as Promise<T>;
  }

  /** Ends it, run or not. Of one that is done, nothing changes. @returns whether it was still to be done */
  cancel(): Promise<boolean> {
    return this.#jobs.cancel(this.id);
  }

  /**
   * Submits it again as it was, after it has failed.
   * @throws JobNotFoundError when there is no dead letter of it
   */
  replay(): Promise<void> {
    return this.#jobs.replay(this.id);
  }

  toString(): string {
    return `Job(${this.id})`;
  }
}
