import type { ActorCall, ActorPlan } from "../../../scheduler/actors/actor-entry.ts";
import { ActorTable } from "../../../scheduler/actors/actor-table.ts";
import { encodeDelta } from "../../../scheduler/actors/delta.ts";
import type { PendingTask, TaskTemplate } from "../../../scheduler/dataflow/pending-task.ts";
import { TaskTable } from "../../../scheduler/dataflow/task-table.ts";
import { ObjectTable, type ReadyState } from "../../../scheduler/ownership/object-table.ts";
import { HostTable } from "../../../scheduler/placement/host-table.ts";
import { RunTimes } from "../../../scheduler/placement/run-times.ts";
import { ObjectLostError, TaskError, toWireError } from "../../../scheduler/protocol/errors.ts";
import { type ActorPart, type Arg, isRefArg, type Outcome } from "../../../scheduler/protocol/messages.ts";
import { decodeValue, encodeValue } from "../../../scheduler/protocol/value.ts";
import { numbering, type Random } from "../seeds.ts";

const clientId = "client";
export const actorId = "client-actor";

/** What a host hears, in order: a call of the actor, or of the task that makes it. */
type Heard = { number: number; id: string; part: ActorPart; args: readonly Arg[] };
type Told = { number: number; id: string; outcome: Outcome; isTask: boolean };

type SimulatedHost = {
  id: string;
  session: number | undefined;
  isDead: boolean;
  isLeaving: boolean;
  /** The calls that have made the actor what it is; undefined when it is not here. */
  state: number[] | undefined;
  /** Calls that wait for the actor. */
  heard: (Heard & { isTask: boolean })[];
  told: Told[];
  stored: Map<string, Uint8Array>;
  /** What its owner was told last, and as which checkpoint. */
  saved: { id: string; value: Uint8Array } | undefined;
};

/** A state has more bytes than have room in a message. */
const filler = " ".repeat(9_000);
const utf8 = new TextEncoder();
const encodedOf = (state: number[]) => encodeValue(utf8.encode(filler + JSON.stringify(state)));
const decodedOf = (value: Uint8Array) =>
  JSON.parse(new TextDecoder().decode(decodeValue(value) as Uint8Array)) as number[];

/**
 * A client with one actor that remembers which calls it has had, on hosts that die, forget the client, and leave. The result
 * of a call tells how many there have been.
 */
export class SimulatedActor {
  readonly hosts = new Map<string, SimulatedHost>();
  readonly objects = new ObjectTable((id, hosts) => {
    for (const hostId of hosts) this.hosts.get(hostId)?.stored.delete(id);
  });
  readonly actors: ActorTable;
  /** What came of each call, in the order in which they were submitted. */
  readonly outcomes: ReadyState[] = [];
  readonly #random: Random;
  readonly #hostTable = new HostTable();
  readonly #tasks: TaskTable;
  readonly #sessions = new Map<string, number>();
  readonly #wanted = new Set<string>();
  /** Objects that the client fetches, and from where. */
  readonly #coming = new Map<string, string>();
  /** Calls that have run before, somewhere. */
  readonly #seen = new Set<number>();
  readonly #numberOf = numbering();
  /** How often a host has told only what has changed. */
  deltaCount = 0;
  #sessionCount = 0;
  #idCount = 0;
  #callCount = 0;
  #nowMs = 0;

  constructor(
    random: Random,
    hostIds: readonly string[],
    checkpoint: ActorPlan["checkpoint"],
    { maxRestarts = 0, mostHomeBytes = 0 } = {},
  ) {
    this.#random = random;
    const common = { objects: this.objects, clientId, numberOf: this.#numberOf };
    this.#tasks = new TaskTable({
      ...{ ...common, hosts: this.#hostTable, times: new RunTimes(), infeasibleAfterMs: 1_000_000 },
      send: (hostId, task, args) => this.#place(hostId, task, args),
      cancel() {},
      nowMs: () => this.#nowMs,
      random: random.next,
    });
    this.actors = new ActorTable({
      ...{ ...common, hosts: this.#hostTable },
      newId: () => this.#newId(),
      make: (submission) => {
        const id = this.#newId();
        this.#tasks.submit(id, submission);
        return id;
      },
      send: (hostId, call, args) => this.#send(hostId, call, args),
      cancel() {},
      end: (hostId) => {
        const host = this.hosts.get(hostId)!;
        if (this.#knows(host)) host.state = undefined;
      },
      gone() {},
      bringHome: (id, hostId) => this.#coming.set(id, hostId),
      replicate: (id) => this.#wanted.add(id),
      mostHomeBytes,
      nowMs: () => this.#nowMs,
    });
    for (const id of hostIds) this.start(id);
    this.actors.add(actorId, planOf(checkpoint, maxRestarts));
    this.actors.make(actorId);
  }

  /** A host joins; it remembers nothing of one that was called so. */
  start(id: string): void {
    this.hosts.set(id, { id, isDead: false, isLeaving: false, ...fresh() });
    this.pass(0);
  }

  call(): void {
    const id = this.#newId();
    const index = this.#callCount++;
    this.actors.call(actorId, 1, id, [index]);
    this.objects.onReady(id, (state) => {
      this.outcomes[index] = state;
      this.objects.drop(id);
    });
  }

  /** Time goes on: who is dead is missed, and so is who has forgotten the client. */
  pass(ms: number): void {
    this.#nowMs += ms;
    for (const { id, isDead, isLeaving } of this.hosts.values()) {
      if (isDead) continue;
      const state = isLeaving ? "draining" : "up";
      this.#hostTable.heard({ v: 1, host: id, epoch: 1, cpus: 2, state, queued: 0, running: 0 }, this.#nowMs);
      if (isLeaving) this.actors.leaving(id);
    }
    for (const { id } of this.#hostTable.takeLost(this.#nowMs)) this.#lose(id);
    for (const [id, session] of [...this.#sessions]) {
      const host = this.hosts.get(id)!;
      if (!host.isDead && host.session !== session) this.#lose(id);
    }
    this.#tasks.tick();
    this.actors.tick();
  }

  /** A host starts anew, and remembers nothing. */
  forget(host: SimulatedHost): void {
    Object.assign(host, fresh());
  }

  /** What the client fetches comes, unless its host is gone. */
  bringHome(): void {
    for (const [id, hostId] of this.#coming) {
      const host = this.hosts.get(hostId)!;
      const value = this.#knows(host) ? host.stored.get(id) : undefined;
      if (value !== undefined) this.objects.bringHome(id, value);
    }
    this.#coming.clear();
  }

  /** A copy that is wanted is made. */
  copy(): void {
    for (const id of this.#wanted) {
      const from = [...this.hosts.values()].find(({ isDead, stored }) => !isDead && stored.has(id));
      const to = [...this.hosts.values()].find((host) => host !== from && !host.isDead && !host.isLeaving);
      this.#wanted.delete(id);
      if (from === undefined || to === undefined || !this.#knows(to)) continue;
      to.stored.set(id, from.stored.get(id)!);
      this.objects.keptOn(id, to.id, from.stored.get(id)!.byteLength);
    }
  }

  /** The host does the next of what it has heard. */
  run(host: SimulatedHost): void {
    if (host.isDead) return;
    const next = host.heard.shift();
    if (next === undefined) return;
    const { number, id, isTask } = next;
    host.told.push({ number, id, isTask, outcome: this.#outcomeOf(host, next) });
  }

  /** What comes first from a host arrives. */
  deliver(host: SimulatedHost): void {
    const told = host.told.shift();
    if (told === undefined || !this.#knows(host)) return;
    if (told.isTask) this.#tasks.endedByNumber(host.id, told.number, told.outcome);
    else this.actors.ended(host.id, told.number, told.outcome);
    this.#tasks.placeWaiting();
  }

  get isQuiet(): boolean {
    return this.outcomes.filter((each) => each !== undefined).length === this.#callCount;
  }

  /** What the actor is, wherever it is. */
  get state(): number[] | undefined {
    return [...this.hosts.values()].find((host) => this.#knows(host) && host.state !== undefined)?.state;
  }

  #outcomeOf(host: SimulatedHost, { number, id, part, args }: Heard): Outcome {
    switch (part.does) {
      case "make":
        host.state = [];
        return { kind: "value", value: 0 };
      case "restore": {
        const state = this.#valueOf(args[0]!);
        if (state === undefined) return lost(args[0]!);
        host.state = decodedOf(state);
        return { kind: "value", value: 0 };
      }
      case "save":
        return this.#saved(host, id, args[0]);
      case "take": {
        const outcome = this.#told(host, id, encodedOf(host.state!));
        host.state = undefined;
        host.saved = undefined;
        // What has come since, it has given back before.
        for (const { number, id, isTask } of host.heard.splice(0))
          host.told.push({ number, id, isTask, outcome: { kind: "returned" } });
        return outcome;
      }
      default:
        if (host.state === undefined) return { kind: "returned" };
        // As one whose time is over; the next time it would be well.
        if (!this.#seen.has(number) && this.#random.happens(0.1)) return this.#fails(number);
        this.#seen.add(number);
        host.state.push(args[0] as number);
        return { kind: "value", value: host.state.length };
    }
  }

  #fails(number: number): Outcome {
    this.#seen.add(number);
    return { kind: "error", error: toWireError(new TaskError("no")) };
  }

  /** Its state, or what has changed since the checkpoint that its owner has, if it likes and knows that. */
  #saved(host: SimulatedHost, id: string, base: Arg | undefined): Outcome {
    const before = host.saved;
    const value = encodedOf(host.state!);
    host.saved = { id, value };
    const isKnown = base !== undefined && decodeValue(base as Uint8Array) === before?.id;
    if (!isKnown || this.#random.happens(0.1)) return this.#told(host, id, value);
    this.deltaCount++;
    let same = 0;
    while (same < value.byteLength && value[same] === before!.value[same]) same++;
    const runs = Float64Array.of(0, 0, same);
    return this.#told(host, id, encodeDelta({ base: before!.id, runs, bytes: value.subarray(same) }));
  }

  /** In a message, or kept by the host. */
  #told(host: SimulatedHost, id: string, value: Uint8Array): Outcome {
    if (this.#random.happens(0.5)) return { kind: "value", value };
    host.stored.set(id, value);
    return { kind: "stored", bytes: value.byteLength };
  }

  #valueOf(arg: Arg): Uint8Array | undefined {
    if (!isRefArg(arg)) return arg as Uint8Array;
    for (const { kind, id } of arg.at) {
      const own = kind === "client" ? this.objects.state(arg.ref) : undefined;
      if (own?.kind === "local") return own.value as Uint8Array;
      const host = kind === "host" ? this.hosts.get(id) : undefined;
      if (host !== undefined && !host.isDead && host.stored.has(arg.ref)) return host.stored.get(arg.ref);
    }
    return undefined;
  }

  #newId(): string {
    return `${clientId}-${(this.#idCount++).toString(36)}`;
  }

  #knows(host: SimulatedHost): boolean {
    return !host.isDead && host.session !== undefined && host.session === this.#sessions.get(host.id);
  }

  #open(hostId: string): SimulatedHost {
    const host = this.hosts.get(hostId)!;
    if (!this.#sessions.has(hostId)) {
      this.#sessions.set(hostId, ++this.#sessionCount);
      if (!host.isDead) {
        const session = this.#sessionCount;
        Object.assign(host, fresh(), { session });
      }
    }
    return host;
  }

  #place(hostId: string, { number, id, template }: PendingTask, args: readonly Arg[]): void {
    const host = this.#open(hostId);
    if (this.#knows(host)) host.heard.push({ number, id, part: template.options.actor!, args, isTask: true });
  }

  #send(hostId: string, { number, object, template }: ActorCall, args: readonly Arg[]): void {
    const host = this.#open(hostId);
    if (!this.#knows(host)) return;
    const call = { number, id: object.id, part: template.options.actor!, args, isTask: false };
    if (call.part.does !== "take") host.heard.push(call);
    // It goes before all that waits.
    else host.heard.unshift(call);
  }

  #lose(hostId: string): void {
    this.#sessions.delete(hostId);
    this.#tasks.hostLost(hostId, false);
    this.actors.hostLost(hostId);
  }
}

/** What a host is that has just begun, or has forgotten the client. */
const fresh = () => ({
  ...{ session: undefined, state: undefined, saved: undefined },
  ...{ heard: [], told: [], stored: new Map() },
});

function planOf(checkpoint: ActorPlan["checkpoint"], maxRestarts: number): ActorPlan {
  const template = (part: Omit<ActorPart, "id">, host?: string): TaskTemplate => ({
    ...{ label: "module/Actor", module: "sha", kernel: "Actor", maxRetries: 1_000 },
    options: { actor: { id: actorId, ...part } },
    ...(host !== undefined && { where: { host } }),
  });
  return {
    ...{ of: { sha256: "sha", actor: "Actor" }, methods: ["call"], maxConcurrency: 1 },
    ...{ label: "module/Actor", maxRestarts, maxTaskRetries: 0, maxPendingCalls: 1_000, checkpoint },
    making: (from) =>
      from === undefined
        ? { template: template({ does: "make" }), args: [] }
        : { template: template({ does: "restore" }, from.hostId), args: [from.state] },
    templateOf: (what) =>
      template(typeof what === "string" ? { does: what } : { does: "call", method: what }),
    reads: () => false,
  };
}

const lost = (arg: Arg): Outcome => {
  const { ref, at } = arg as { ref: string; at: { kind: "host" | "client"; id: string }[] };
  return { kind: "error", error: toWireError(new ObjectLostError("lost", { data: { id: ref, at } })) };
};
