/** Of so many hosts that said that they have free cpus, the last ones are remembered … */
const mostHosts = 64;
/** … for so long, in ms: then others have filled them. */
const rememberedMs = 2;

/** Hosts that have said that they have free cpus, the last first. */
export class IdleHosts {
  readonly #hosts: { id: string; free: number; heardMs: number }[] = [];

  add(id: string, free: number, nowMs: number): void {
    this.#hosts.push({ id, free, heardMs: nowMs });
    if (this.#hosts.length > mostHosts) this.#hosts.shift();
  }

  /** One that may have a free cpu, for a task that is about to go there. */
  take(nowMs: number): string | undefined {
    for (let last = this.#hosts.at(-1); last !== undefined; last = this.#hosts.at(-1)) {
      const isUsable = last.free > 0 && nowMs - last.heardMs < rememberedMs;
      if (!isUsable || --last.free === 0) this.#hosts.pop();
      if (isUsable) return last.id;
    }
    return undefined;
  }
}
