import type { Bus, Subscription } from "../scheduler/bus/bus.ts";
import { type Delivery, JobFeed } from "../scheduler/jobs/job-feed.ts";
import { unreservedCpus } from "../scheduler/placement/resources.ts";
import { JobRun, type JobRunDeps } from "./job-run.ts";

/** How often the stream hears of each job that it is still in good hands. */
const workingMs = 750;
/** How often it is looked whether tasks have left a worker free. */
const freePollMs = 20;
/** Jobs here at once, of which most are done and being written; with more, JetStream is too slow or away. */
const mostRuns = 256;

/** How long tasks may keep all workers before a job gets its turn among them. */
const starvedMs = 1_000;

export type JobServiceDeps = Omit<JobRunDeps, "delivery" | "maxPayloadBytes"> & { bus: Bus; cpus: number };

/** Runs the jobs of the cluster's stream in those workers that are free. */
export class JobService {
  readonly #deps: JobServiceDeps;
  readonly #feed: JobFeed;
  readonly #runs = new Set<JobRun>();
  readonly #subscriptions: Subscription[];
  readonly #timer: NodeJS.Timeout;
  readonly #loops: Promise<void>[];
  #isStopped = false;
  /** Workers that are kept for a job, which is asked for, on its way or there. */
  #kept = 0;
  /** Jobs that a worker has or waits for. */
  #begun = 0;

  constructor(deps: JobServiceDeps) {
    const { bus, stores, cpus } = deps;
    this.#deps = deps;
    this.#feed = new JobFeed(stores, (delivery) => void this.#runOf(delivery).excuse());
    this.#subscriptions = [
      bus.onReconnect(() => this.#feed.renew()),
      bus.subscribe(stores.subjects.cancelJob, (payload) => this.#cancel(new TextDecoder().decode(payload))),
    ];
    this.#timer = setInterval(() => {
      for (const { delivery } of this.#runs) delivery.working();
    }, workingMs);
    this.#timer.unref();
    this.#loops = Array.from({ length: cpus }, (_, index) => this.#loop(index === 0));
  }

  /** Asks for no more jobs; those that run go on. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#feed.close();
  }

  /** Waits, for so long, until what became of all that was begun is written. */
  async ended(mostMs: number): Promise<void> {
    const all = async () => {
      await Promise.all(this.#loops);
      await Promise.all([...this.#runs].map(({ settled }) => settled));
    };
    await Promise.race([all(), new Promise((resolve) => setTimeout(resolve, mostMs).unref())]);
    clearInterval(this.#timer);
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  /** Has one job at a time in a worker. What comes of it is written while the next runs. */
  async #loop(isPatient: boolean): Promise<void> {
    let askedMs = performance.now();
    while (!this.#isStopped) {
      const isStarved = isPatient && performance.now() - askedMs > starvedMs && this.#cpus >= 1;
      if (!this.#hasRoom() && !isStarved) {
        await new Promise((resolve) => setTimeout(resolve, freePollMs).unref());
        continue;
      }
      this.#kept++;
      const delivery = await this.#feed.next();
      if (delivery !== undefined) await this.#run(delivery);
      this.#kept--;
      askedMs = performance.now();
    }
  }

  async #run(delivery: Delivery): Promise<void> {
    const run = this.#runOf(delivery);
    if (this.#isStopped) return run.excuse();
    this.#begun++;
    await run.run();
    this.#begun--;
  }

  #hasRoom(): boolean {
    const { queued, running } = this.#deps.executor.load;
    const tasks = Math.max(0, queued + running - this.#begun);
    return tasks + this.#kept < this.#cpus && this.#runs.size < mostRuns;
  }

  /** Those that no placement group has reserved. */
  get #cpus(): number {
    const { executor, cpus } = this.#deps;
    return unreservedCpus(cpus, executor.unreserved);
  }

  #runOf(delivery: Delivery): JobRun {
    const run = new JobRun({
      ...{ ...this.#deps, delivery },
      maxPayloadBytes: () => this.#deps.bus.maxPayloadBytes,
    });
    this.#runs.add(run);
    void run.settled.then(() => this.#runs.delete(run));
    return run;
  }

  #cancel(id: string): void {
    for (const run of this.#runs) if (run.delivery.id === id) run.cancel();
  }
}
