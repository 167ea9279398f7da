import type { Bus, Subscription } from "../bus/bus.ts";
import { decodeHeartbeat } from "../protocol/codec.ts";
import type { Heartbeat } from "../protocol/messages.ts";
import type { Subjects } from "../protocol/subjects.ts";

/** How often it is looked which hosts there are, when that is more than one listens to. */
const surveyMs = 15_000;
/** How long that takes: long enough to hear most hosts once. */
const listenMs = 1_500;

export type GossipDeps = {
  bus: Bus;
  subjects: Subjects;
  /** How many hosts are listened to, if there are more. */
  most: number;
  heard(heartbeat: Heartbeat): void;
  /** Hosts that are listened to in any case. */
  needed(): Iterable<string>;
};

/**
 * What hosts say of themselves. In a small cluster, all are listened to; in a large one, a random sample of them, so
 * that nobody has to hear a thousand hosts all the time. Then all are listened to now and then for a moment, to find
 * those that are new.
 */
export class Gossip {
  readonly #deps: GossipDeps;
  #all: Subscription | undefined;
  readonly #some = new Map<string, Subscription>();
  /** Those that were heard of since the last survey began, or in the one before. */
  #known = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: GossipDeps) {
    this.#deps = deps;
    this.#survey();
  }

  /** How many hosts there are, as far as was heard. */
  get hostCount(): number {
    return this.#known.size;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#all?.unsubscribe();
    for (const subscription of this.#some.values()) subscription.unsubscribe();
  }

  /** Listens to a host whatever the sample is. */
  listenTo(id: string): void {
    if (this.#all !== undefined || this.#some.has(id)) return;
    const { bus, subjects } = this.#deps;
    this.#some.set(
      id,
      bus.subscribe(subjects.loadOf(id), (payload) => this.#heard(payload)),
    );
  }

  #survey(): void {
    const { bus, subjects } = this.#deps;
    this.#known = new Set();
    this.#all ??= bus.subscribe(subjects.load, (payload) => this.#heard(payload));
    for (const subscription of this.#some.values()) subscription.unsubscribe();
    this.#some.clear();
    this.#after(listenMs, () => this.#choose());
  }

  #choose(): void {
    const { most, needed } = this.#deps;
    this.#after(surveyMs, () => this.#survey());
    if (this.#known.size <= most) return;
    const subscription = this.#all;
    this.#all = undefined;
    const known = [...this.#known];
    for (let left = most; left > 0; left--) {
      const [id] = known.splice(Math.floor(Math.random() * known.length), 1);
      this.listenTo(id!);
    }
    for (const id of needed()) this.listenTo(id);
    subscription?.unsubscribe();
  }

  #heard(payload: Uint8Array): void {
    const heartbeat = decodeHeartbeat(payload);
    if (heartbeat.state === "left") this.#known.delete(heartbeat.host);
    else this.#known.add(heartbeat.host);
    this.#deps.heard(heartbeat);
  }

  #after(ms: number, action: () => void): void {
    this.#timer = setTimeout(action, ms);
    this.#timer.unref();
  }
}
