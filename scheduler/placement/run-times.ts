/** How much a new measurement changes what is thought of a kernel. */
const kernelWeight = 0.05;
/** How much of what is known of a host is left after each of its tasks: some 500 count, as times may vary much. */
const hostMemory = 0.998;
/** As many tasks as these must have shown it before a host is thought to be half as fast, or as slow, as it seemed. */
const doubtTasks = 20;
/** What is thought before anything was measured, in ms. */
const unknownRunMs = 1;

/** How long tasks of a host ran, and how long they were thought to run anywhere, with older ones counting less. */
type HostTimes = { ranMs: number; thoughtMs: number };

/**
 * How long kernels run and how fast hosts are, as a client has measured: exponentially weighted means. A kernel's time
 * is that on the hosts together; a host's speed is what its tasks were thought to take, by what they took.
 */
export class RunTimes {
  readonly #kernels = new Map<string, number>();
  readonly #hosts = new Map<string, HostTimes>();
  /** Of all kernels, by how often they run. */
  #meanMs: number | undefined;

  /** Takes in that a task of this kernel ran so long on a host. */
  measured(kernel: string, hostId: string, runMs: number): void {
    const thoughtMs = this.#kernels.get(kernel);
    this.#kernels.set(kernel, thoughtMs === undefined ? runMs : nearer(thoughtMs, runMs));
    this.#meanMs = this.#meanMs === undefined ? runMs : nearer(this.#meanMs, runMs);
    if (thoughtMs === undefined) return;
    const host = this.#hosts.get(hostId);
    if (host === undefined) {
      this.#hosts.set(hostId, { ranMs: runMs, thoughtMs });
    } else {
      host.ranMs = host.ranMs * hostMemory + runMs;
      host.thoughtMs = host.thoughtMs * hostMemory + thoughtMs;
    }
  }

  /** How long a task of this kernel is thought to run on a host, in ms. */
  runMs(kernel: string, hostId: string): number {
    return (this.#kernels.get(kernel) ?? this.#meanMs ?? unknownRunMs) / this.speed(hostId);
  }

  /** How long any task is thought to run on a host, in ms. */
  meanMs(hostId: string): number {
    return (this.#meanMs ?? unknownRunMs) / this.speed(hostId);
  }

  /** How fast a host is, where 1 is the mean of those that run tasks; 1 until it is known. */
  speed(hostId: string): number {
    const host = this.#hosts.get(hostId);
    if (host === undefined) return 1;
    const doubtMs = doubtTasks * (this.#meanMs ?? unknownRunMs);
    return (host.thoughtMs + doubtMs) / (host.ranMs + doubtMs);
  }

  forget(hostId: string): void {
    this.#hosts.delete(hostId);
  }
}

const nearer = (thoughtMs: number, measuredMs: number) =>
  thoughtMs + kernelWeight * (measuredMs - thoughtMs);
