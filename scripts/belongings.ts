/** What a program started and has to stop again, the last first. */
export class Belongings {
  readonly #stops: (() => Promise<unknown>)[] = [];
  #stopped: Promise<void> | undefined;

  /** Starts something and sees to its stop, even when that is asked for before the start is done. */
  start<T>(start: () => Promise<T>, stop: (started: T) => unknown): Promise<T> {
    if (this.#stopped)
      return Promise.reject(new Error("nothing more is started, since all is being stopped"));
    const started = start();
    this.#stops.push(async () => {
      const [result] = await Promise.allSettled([started]);
      if (result.status === "fulfilled") await stop(result.value);
    });
    return started;
  }

  /** Stops everything; what fails to stop keeps nothing else from it. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const stop of this.#stops.reverse()) {
      await stop().catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, "not everything could be stopped");
  }
}
