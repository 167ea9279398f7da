import type { Bus } from "../scheduler/bus/bus.ts";
import { Gossip } from "../scheduler/client/gossip.ts";
import type { Control } from "../scheduler/control/control.ts";
import { deadBeats, shortestBeatMs } from "../scheduler/placement/host-table.ts";
import { encodeMessage } from "../scheduler/protocol/codec.ts";
import type { GpuFacts, Heartbeat, HostState, Load, Resources } from "../scheduler/protocol/messages.ts";
import { protocolVersion, type Subjects } from "../scheduler/protocol/subjects.ts";
import { publishShipped } from "./shipped.ts";

/** How many other hosts are listened to, if there are more: there may be many that do so. */
const mostHeard = 32;

export type PresenceDeps = {
  bus: Bus;
  control: Control;
  subjects: Subjects;
  id: string;
  cpus: number;
  resources(): Resources;
  gpu(): GpuFacts | undefined;
  labels: Record<string, string>;
  load(): Load;
  /** Another host, or this one, has said something of itself. */
  heard(heartbeat: Heartbeat): void;
  /** The hosts that are listened to in any case. */
  needed(): Iterable<string>;
};

/** That a host is there, and how it is: its heartbeats and its lease, and those of others. */
export class Presence {
  state: HostState = "up";
  readonly #deps: PresenceDeps;
  readonly #gossip: Gossip;
  /** When each other host that is up was heard of. */
  readonly #others = new Map<string, number>();
  #epoch = 0;
  #beatenMs = 0;
  #rssBytes = process.memoryUsage.rss();
  #isBeatDue = false;

  constructor(deps: PresenceDeps) {
    const { bus, subjects, needed } = deps;
    this.#deps = deps;
    this.#gossip = new Gossip({
      ...{ bus, subjects, needed, most: mostHeard },
      heard: (heartbeat) => this.#heard(heartbeat),
    });
  }

  /** That of its lease: it grows each time that the host takes it up. */
  get epoch(): number {
    return this.#epoch;
  }

  /** What it says of itself now. */
  get heartbeat(): Heartbeat {
    const { id, cpus, resources, labels, load, gpu } = this.#deps;
    const facts = gpu();
    return {
      ...{
        v: protocolVersion,
        host: id,
        epoch: this.#epoch,
        cpus,
        ...load(),
        resources: resources(),
        labels,
      },
      ...(facts !== undefined && { gpu: facts }),
      ...{ beatMs: this.#beatMs, rssBytes: this.#rssBytes, state: this.state },
    };
  }

  /** The other hosts that are there, of those that it listens to. */
  get others(): string[] {
    const sinceMs = performance.now() - deadBeats * this.#beatMs;
    for (const [id, heardMs] of this.#others) if (heardMs < sinceMs) this.#others.delete(id);
    return [...this.#others.keys()];
  }

  /** Says at once how it is. */
  beat(): void {
    const { bus, subjects, id } = this.#deps;
    this.#beatenMs = performance.now();
    this.#rssBytes = process.memoryUsage.rss();
    bus.publish(subjects.loadOf(id), encodeMessage(this.heartbeat));
  }

  /** Says how it is once what has come has been done, however often that is asked for. */
  beatSoon(): void {
    if (this.#isBeatDue) return;
    this.#isBeatDue = true;
    setImmediate(() => {
      this.#isBeatDue = false;
      if (this.state === "up") this.beat();
    });
  }

  /** Says how it is when it is time to. @param tickMs how often that is called */
  beatInTime(tickMs: number): void {
    if (performance.now() - this.#beatenMs >= this.#beatMs - tickMs / 2) this.beat();
  }

  /** Takes up its lease, of a higher epoch than before. */
  async takeLease(): Promise<void> {
    this.#epoch = await this.#putLease();
  }

  /** Keeps its lease. A server that was replaced by an empty one gets everything anew. */
  async renewLease(): Promise<void> {
    try {
      if (this.state !== "up") return;
      await this.#putLease();
      await publishShipped(this.#deps.control);
    } catch {
      // The server is away; the next renewal, or the one after the reconnect, makes up for it.
    }
  }

  async dropLease(): Promise<void> {
    const { bus, control, id } = this.#deps;
    if (bus.isConnected) await control.dropLease(id).catch(() => {});
  }

  /** Listens to nobody any more. */
  close(): void {
    this.#gossip.close();
  }

  /** The more hosts there are, the more rarely each is heard of. */
  get #beatMs(): number {
    return Math.max(shortestBeatMs, this.#gossip.hostCount);
  }

  #putLease(): Promise<number> {
    const { control, id, cpus } = this.#deps;
    return control.putLease({ host: id, epoch: this.#epoch, cpus });
  }

  #heard(heartbeat: Heartbeat): void {
    this.#deps.heard(heartbeat);
    const { host: id, state } = heartbeat;
    if (id === this.#deps.id) return;
    if (state === "up") this.#others.set(id, performance.now());
    else this.#others.delete(id);
  }
}
