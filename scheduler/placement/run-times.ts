import { VariantTimes } from "./variant-times.ts";

/** How much a new measurement changes what is thought of a kernel. */
const kernelWeight = 0.05;
/** How much of what is known of a host is left after each of its tasks: some 500 count, as times may vary much. */
const hostMemory = 0.998;
/** As many tasks as these must have shown it before a host is thought to be half as fast, or as slow, as it seemed. */
const doubtTasks = 20;
/** The median changes by this factor with each measurement. */
const medianStep = 1.05;
const mostSteps = 10;
const leastMs = 0.001;
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
  #typicalMs: number | undefined;
  /** Of kernels that can be run in several ways. */
  readonly variants = new VariantTimes();

  /** Takes in that so many tasks of this kernel ran on a host, so long together. */
  measured(kernel: string, hostId: string, ranMs: number, count = 1): void {
    this.variants.measured(kernel, hostId, ranMs, count);
    const meanMs = ranMs / count;
    // The median goes up a step with each that is longer, and down with each that is shorter; of many, it takes some.
    // That the first one is short says little yet; many would be sent at once if it did.
    const typicalMs = this.#typicalMs ?? Math.max(meanMs, unknownRunMs);
    const step = power(medianStep, Math.min(count, mostSteps));
    this.#typicalMs = Math.max(meanMs > typicalMs ? typicalMs * step : typicalMs / step, leastMs);
    const thoughtMs = this.#kernels.get(kernel);
    this.#kernels.set(kernel, nearer(thoughtMs, meanMs, count));
    this.#meanMs = nearer(this.#meanMs, meanMs, count);
    if (thoughtMs === undefined) return;
    const host = this.#hosts.get(hostId);
    if (host === undefined) {
      this.#hosts.set(hostId, { ranMs, thoughtMs: thoughtMs * count });
      return;
    }
    const kept = power(hostMemory, count);
    host.ranMs = host.ranMs * kept + ranMs;
    host.thoughtMs = host.thoughtMs * kept + thoughtMs * count;
  }

  /** How long a task of this kernel is thought to run on a host, in ms. */
  runMs(kernel: string, hostId: string): number {
    return (this.#kernels.get(kernel) ?? this.#meanMs ?? unknownRunMs) / this.speed(hostId);
  }

  /** How long any task is thought to run on a host, in ms. */
  meanMs(hostId: string): number {
    return (this.#meanMs ?? unknownRunMs) / this.speed(hostId);
  }

  /**
   * How long half of the measurements were at most, in ms. On a busy machine a few short tasks take long, since their
   * thread has to wait for a cpu; these say nothing of the others.
   */
  get typicalMs(): number {
    return this.#typicalMs ?? unknownRunMs;
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

/** Hosts measure their tasks one by one. */
const power = (base: number, exponent: number) => (exponent === 1 ? base : base ** exponent);

function nearer(thoughtMs: number | undefined, measuredMs: number, count: number): number {
  if (thoughtMs === undefined) return measuredMs;
  return thoughtMs + (1 - power(1 - kernelWeight, count)) * (measuredMs - thoughtMs);
}
