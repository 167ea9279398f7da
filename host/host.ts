import type { AdapterInfo } from "../gpu/index.ts";
import type { Bus, Subscription } from "../scheduler/bus/bus.ts";
import { Exchange } from "../scheduler/bus/exchange.ts";
import { defaultInfeasibleAfterMs } from "../scheduler/client/connect.ts";
import { Submitter } from "../scheduler/client/submitter.ts";
import { type Control, leaseRenewMs } from "../scheduler/control/control.ts";
import type { DetachedStore } from "../scheduler/detached/store.ts";
import type { JobStores } from "../scheduler/jobs/job-stores.ts";
import { Door } from "../scheduler/objects/door.ts";
import { serveObjects } from "../scheduler/objects/serve.ts";
import { AbsentOwners } from "../scheduler/ownership/absent-owners.ts";
import { IdleHosts } from "../scheduler/placement/idle-hosts.ts";
import { unreservedCpus } from "../scheduler/placement/resources.ts";
import {
  decodeDrain,
  decodeHeartbeat,
  decodePacketToHost,
  encodeMessage,
  encodePacket,
} from "../scheduler/protocol/codec.ts";
import { ProtocolError, toWireError } from "../scheduler/protocol/errors.ts";
import { Ids, randomId } from "../scheduler/protocol/ids.ts";
import { largestObjects, type PeerMemory } from "../scheduler/protocol/memory.ts";
import type {
  Call,
  GpuFacts,
  Heartbeat,
  ItemOutcome,
  Outcome,
  Ran,
  Resources,
  ToClient,
  ToHost,
} from "../scheduler/protocol/messages.ts";
import { type Peer, type Subjects, subjectsOf } from "../scheduler/protocol/subjects.ts";
import { byteLengthOf, bytesOf } from "../scheduler/protocol/value.ts";
import { within } from "../scheduler/time/within.ts";
import { DetachedActors } from "./actors/detached-actors.ts";
import { BusTask } from "./bus-task.ts";
import { CallTemplate } from "./call-template.ts";
import { claimName } from "./claim-name.ts";
import { Executor } from "./executor.ts";
import { Gangs } from "./gangs/gangs.ts";
import { gpuFactsOf } from "./gpu/facts.ts";
import { GpuLane } from "./gpu/lane.ts";
import { JobService } from "./job-service.ts";
import { defaultHostLimits, type HostLimits, usableBytes } from "./limits.ts";
import { type ModuleSource, Modules } from "./modules.ts";
import { Segments } from "./objects/segments.ts";
import { ObjectStore } from "./objects/store.ts";
import { type CallPool, Pool } from "./pool/pool.ts";
import { Presence } from "./presence.ts";
import { printLog } from "./print-log.ts";
import { publishShipped } from "./shipped.ts";
import { submitService } from "./submit-service.ts";
import { Traps } from "./traps/traps.ts";

/** How often a host looks after what may be late. */
const tickMs = 100;
/** How often a host that has nothing to do gives back memory that only garbage holds. */
const tidyMs = 1_000;
/** How often a client hears what a host has to do, beside its results, at most. */
const tellMs = 1;
/** A client that has been silent for so long is gone, and its objects with it. A busy one may say nothing for long. */
const clientSilenceMs = 60_000;
/** A placement group lasts as long after the last that was heard of its client. */
const groupLeaseMs = 10_000;
/** When our own timer is so late, this thread was busy, and what clients said is still waiting to be read. */
const deafMs = 1_000;
/** How much of the memory that this process may use it has at most, before it ends tasks. */
const memoryPart = 0.9;
/** What a message takes beside the value in it. */
const resultOverheadBytes = 100;
/** How long a leaving host waits for clients to take its last results, and the objects that only it holds. */
const farewellMs = 5_000;

export type HostOptions = {
  bus: Bus;
  control: Control;
  cluster: string;
  id: string;
  cpus: number;
  /** Where other machines can fetch objects: an address of this one, as `host` or `host:port`. Default: nowhere. */
  objectAddress?: string | undefined;
  limits?: Partial<HostLimits>;
  /** Past so much memory of this process, it takes no more tasks and ends its newest. Default: 90 % of what it may use. */
  memoryLimitBytes?: number;
  /** What it offers beside its cpus: `memory` in bytes, `gpu`, and anything else by name. */
  resources?: Resources;
  /** Whether it is to look for a GPU, and to offer it. */
  gpu?: boolean;
  /** What tasks can ask for in a host. */
  labels?: Record<string, string>;
  /** Where the cluster's detached actors are kept; without it, this host owns none. */
  detached?: DetachedStore;
  /** Where the cluster's jobs are; without it, this host runs none. */
  jobs?: JobStores;
  /** What takes the place of its worker threads and its modules, as in a simulation. */
  parts?: { pool: CallPool; modules: ModuleSource };
};

/** A member of a cluster that runs tasks: it takes them from clients, runs them in its workers, and answers. */
export class Host {
  readonly id: string;
  readonly cpus: number;
  /** Resolves when somebody asks it to leave: whoever has started it is to stop it. */
  readonly asked: Promise<{ deadlineMs: number }>;
  #ask!: (request: { deadlineMs: number }) => void;
  readonly #bus: Bus;
  readonly #control: Control;
  readonly #subjects: Subjects;
  readonly #modules: ModuleSource;
  readonly #store: ObjectStore;
  readonly #pool: CallPool;
  readonly #executor: Executor;
  /** The GPU, if it offers one. */
  readonly #gpu: GpuLane | undefined;
  #resources: Resources;
  /** What heartbeats tell of it. */
  #gpuFacts: GpuFacts | undefined;
  readonly #gangs: Gangs;
  /** Where others fetch large objects, and members of gangs meet. */
  readonly #door: Door | undefined;
  readonly #exchange: Exchange<ToClient, ToHost>;
  readonly #absentOwners: AbsentOwners;
  /** Those that each client has told of in its session, by their numbers. */
  readonly #templates = new Map<string, CallTemplate[]>();
  readonly #subscriptions: Subscription[] = [];
  #submitService: Subscription | undefined;
  #jobService: JobService | undefined;
  #detached: DetachedActors | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #checkedMs = performance.now();
  #stopped: Promise<void> | undefined;
  /** The client of this host itself, for what tasks submit. */
  #nested: Promise<Submitter> | undefined;
  #submitter: Submitter | undefined;
  /** Hosts that have asked for work. */
  readonly #idle = new IdleHosts();
  readonly #presence: Presence;
  /** When each client was told what there is to do. */
  readonly #toldMs = new Map<string, number>();

  private constructor(options: HostOptions) {
    const { bus, control, cluster, id, cpus, objectAddress, limits: given, labels = {}, parts } = options;
    const limits = { ...defaultHostLimits, ...given };
    this.id = id;
    this.cpus = cpus;
    this.asked = new Promise((resolve) => {
      this.#ask = resolve;
    });
    const resources = { cpu: cpus, ...options.resources };
    this.#resources = resources;
    this.#gpu = options.gpu
      ? new GpuLane({
          changed: (adapter) => this.#gpuChanged(adapter),
          warn: (text) => console.error(`wray host ${id}: ${text}`),
        })
      : undefined;
    this.#bus = bus;
    this.#control = control;
    this.#subjects = subjectsOf(cluster);
    const { objectStoreBytes: capacityBytes, spillFolder } = limits;
    const segments = new Segments({
      maxIdleBytes: capacityBytes / 4,
      created: ({ id, bytes }) => this.#pool.addSegment(id, bytes.buffer),
      dropped: (id) => this.#pool.forgetSegment(id),
    });
    this.#store = new ObjectStore({ capacityBytes, segments, spillFolder });
    this.#pool = parts?.pool ?? new Pool(cpus, limits.stackBytes, true, true);
    this.#modules = parts?.modules ?? new Modules(control, limits);
    const { direct } = bus;
    this.#door = direct && new Door({ direct, address: objectAddress, nowMs: () => performance.now() });
    this.#gangs = new Gangs({
      ...{ bus, subjects: this.#subjects, hostId: id, door: this.#door },
      wake: (worker) => this.#pool.wake(worker),
    });
    this.#executor = new Executor({
      gangs: this.#gangs,
      bus,
      subjects: this.#subjects,
      modules: this.#modules,
      store: this.#store,
      segments,
      pool: this.#pool,
      gpu: this.#gpu,
      hostId: id,
      maxMemoryBytes: limits.maxMemoryBytes,
      memoryLimitBytes: options.memoryLimitBytes ?? Math.floor(memoryPart * usableBytes),
      warn: (text) => console.error(`wray host ${id}: ${text}`),
      control,
      submitter: () => this.#nestedSubmitter(),
      traps: new Traps(control),
      resources,
      idle: this.#idle,
      victims: () => (this.#presence.state === "up" ? this.#presence.others : []),
      ask: (hostId) => bus.publish(this.#subjects.idle(hostId), encodeMessage(this.#presence.heartbeat)),
      isPresent: (clientId) => this.#exchange.has(clientId),
      keptChanged: () => this.#presence.beatSoon(),
      settled: ({ owner, group, attempt }) => this.#tellGroup(owner, { group, attempt, isHeld: true }),
      progressed: (clientId, taskId, fraction, text) =>
        this.#exchange.send(clientId, { kind: "progress", id: taskId, fraction, text }, resultOverheadBytes),
      yielded: (clientId, taskId, index, outcome) => this.#yielded(clientId, taskId, index, outcome),
      log: (taskId, text) => printLog(id, taskId, text),
    });
    this.#exchange = new Exchange({
      id,
      life: randomId(6),
      publish: (clientId, packet) =>
        bus.publish(this.#subjects.clientResults(clientId), encodePacket(packet)),
      deliver: (clientId, message) => this.#onMessage(clientId, message),
      onReset: (clientId) => void this.#rejoin(clientId),
    });
    this.#absentOwners = new AbsentOwners({
      isListening: (clientId) => bus.isListening(this.#subjects.alive(clientId)),
      died: (clientId) => this.#forgetDead(clientId),
      nowMs: () => performance.now(),
    });
    this.#presence = new Presence({
      ...{ bus, control, subjects: this.#subjects, id, cpus, labels },
      resources: () => this.#resources,
      gpu: () => this.#gpuFacts,
      load: () => this.#executor.load,
      heard: (heartbeat) => this.#submitter?.heard(heartbeat),
      needed: () => this.#submitter?.busy() ?? [],
    });
    this.#subscriptions.push(
      bus.subscribe(this.#subjects.hostTasks(id), (payload) =>
        this.#exchange.receive(decodePacketToHost(payload), (clientId) => this.#forgetClient(clientId)),
      ),
      serveObjects(
        bus,
        this.#subjects.objects({ kind: "host", id }),
        (objectId) => this.#store.read(objectId) ?? this.#executor.coming(objectId),
        { door: this.#door },
      ),
      bus.subscribe(this.#subjects.memory({ kind: "host", id }), (_, respond) =>
        respond(encodeMessage(this.#memory())),
      ),
      bus.subscribe(this.#subjects.drain(id), (payload, respond) => {
        this.#ask(decodeDrain(payload));
        respond(encodeMessage({ host: id }));
      }),
      bus.subscribe(this.#subjects.hello, () => this.#presence.beat()),
      bus.subscribe(this.#subjects.idle(id), (payload) => this.#asked(decodeHeartbeat(payload))),
      bus.onReconnect(() => {
        this.#exchange.reconnected();
        this.#presence.beat();
        this.#absentOwners.reconnected();
        void this.#presence.renewLease();
        this.#detached?.reconnected();
      }),
    );
  }

  /**
   * A host that has joined its cluster: it holds a lease and takes tasks.
   * @throws InvalidTaskError when the cluster has a host of this id
   */
  static async start(options: HostOptions): Promise<Host> {
    const { bus, control, cluster, id } = options;
    await claimName(bus, control, subjectsOf(cluster), id);
    await publishShipped(control);
    const host = new Host(options);
    try {
      await host.#presence.takeLease();
      host.#submitService = await submitService({
        bus,
        subjects: host.#subjects,
        control,
        modules: host.#modules,
        executor: host.#executor,
        hostId: id,
        cluster,
      });
      await Promise.all([options.jobs?.open(), options.detached?.open()]);
    } catch (error) {
      await host.stop(0);
      throw error;
    }
    host.#every(tickMs, () => {
      host.#forgetSilent();
      host.#executor.tick();
      host.#presence.beatInTime(tickMs);
    });
    host.#every(leaseRenewMs, () => void host.#presence.renewLease());
    host.#every(tidyMs, () => {
      if (host.#executor.isIdle) host.#store.tidy();
    });
    host.#presence.beat();
    host.#lookForGpu();
    if (options.jobs !== undefined) host.#startJobs(options.jobs);
    if (options.detached !== undefined) host.#startDetached(options.detached);
    return host;
  }

  /**
   * Leaves the cluster: takes nothing new, hands back what has not begun, and finishes what runs, for at most so long;
   * then waits a while for the owners of its objects to fetch what only it holds.
   */
  stop(deadlineMs: number): Promise<void> {
    this.#stopped ??= this.#leave(deadlineMs);
    return this.#stopped;
  }

  /** It is offered as soon as it is there; others need not wait for that. */
  #lookForGpu(): void {
    this.#gpu?.open().catch((error: Error) => {
      console.error(`wray host ${this.id}: it offers no GPU: ${error.message}`);
    });
  }

  #gpuChanged(adapter: AdapterInfo | undefined): void {
    const amount = adapter === undefined ? 0 : 1;
    this.#gpuFacts = adapter && gpuFactsOf(adapter);
    this.#resources = { ...this.#resources, gpu: amount };
    this.#executor.offer("gpu", amount);
    this.#presence.beatSoon();
  }

  #startDetached(store: DetachedStore): void {
    this.#detached = new DetachedActors({
      ...{ bus: this.#bus, subjects: this.#subjects, control: this.#control, store },
      ...{ hostId: this.id, others: () => this.#presence.others },
      submitter: () => this.#nestedSubmitter(),
      warn: (text) => console.error(`wray host ${this.id}: ${text}`),
    });
  }

  #startJobs(stores: JobStores): void {
    this.#jobService = new JobService({
      ...{ bus: this.#bus, control: this.#control, modules: this.#modules, executor: this.#executor },
      ...{ stores, hostId: this.id, cpus: this.cpus },
    });
  }

  #onMessage(clientId: string, message: ToHost): void {
    switch (message.kind) {
      case "call":
        this.#call(clientId, message);
        return;
      case "template": {
        const templates = this.#templates.get(clientId) ?? [];
        this.#templates.set(clientId, templates);
        templates[message.number] = new CallTemplate(message.template, clientId);
        return;
      }
      case "task": {
        const { id, args, seed, ttlMs, leftMs, hops, taken, ...template } = message.task;
        const own = { seed, ttlMs, leftMs, hops, taken };
        this.#executor.run(new BusTask(new CallTemplate(template, clientId), id, args, own, this.#ended));
        return;
      }
      case "release":
        for (const id of message.ids) this.#executor.release(clientId, id);
        return;
      case "cancel":
        this.#executor.cancel(clientId, message.ids);
        return;
      case "taken":
        this.#executor.taken(clientId, message.id, message.count);
        return;
      case "ping":
        return;
      case "endActors":
        this.#executor.endActors(clientId, message.ids);
        return;
      case "gone":
        this.#executor.gone(clientId, message.host);
        return;
      case "keep":
        void this.#keep(clientId, message);
        return;
      case "reserve": {
        const isReserved = this.#presence.state === "up" && this.#executor.reserve(clientId, message);
        const { group, attempt } = message;
        if (!isReserved) this.#tellGroup(clientId, { group, attempt, isHeld: false });
        this.#presence.beat();
        return;
      }
      case "unreserve":
        this.#executor.unreserve(message.group, message.indexes);
        this.#presence.beat();
        return;
      case "endGang":
        this.#gangs.forget(message.group);
        return;
      case "bye":
        this.#forgetClient(clientId);
        return;
    }
  }

  async #keep(clientId: string, { id, at }: { id: string; at: Peer[] }): Promise<void> {
    const bytes =
      this.#presence.state === "up"
        ? await this.#executor.keep(clientId, { ref: id, at }).catch(() => undefined)
        : undefined;
    this.#exchange.send(
      clientId,
      { kind: "kept", id, ...(bytes !== undefined && { bytes }) },
      resultOverheadBytes,
    );
    if (!this.#exchange.has(clientId)) this.#executor.releaseAllOf(clientId);
  }

  #tellGroup(clientId: string, said: { group: string; attempt: number; isHeld: boolean }): void {
    this.#exchange.send(clientId, { kind: "reserved", ...said }, resultOverheadBytes);
  }

  /** Ends the groups of a client. */
  #dropGroups(clientId: string): void {
    for (const { group, attempt } of this.#executor.holdingsOf(clientId)) {
      this.#executor.unreserve(group);
      if (this.#exchange.has(clientId)) this.#tellGroup(clientId, { group, attempt, isHeld: false });
    }
  }

  #call(clientId: string, { number, template: templateNumber, args, own }: Call): void {
    const template = this.#templates.get(clientId)?.[templateNumber];
    if (template !== undefined) {
      this.#executor.run(new BusTask(template, number, args, own, this.#ended));
      return;
    }
    const error = new ProtocolError(`this session has no template ${templateNumber}`);
    this.#answer(clientId, new Ids(clientId).of(number), { kind: "error", error: toWireError(error) });
  }

  readonly #ended = (task: BusTask, outcome: Outcome): void => {
    // Nobody waits for it, and in a later session the client may have the same task here once more.
    if (task.isCancelled) return;
    const { number } = task;
    const clientId = task.owner!;
    this.#tellLoad(clientId);
    if (number !== undefined && outcome.kind === "value" && outcome.clock === undefined) {
      const { value } = outcome;
      this.#exchange.send(clientId, { kind: "value", number, value }, byteLengthOf(value));
    } else {
      this.#answer(clientId, task.id, outcome);
    }
  };

  #answer(clientId: string, id: string, outcome: Outcome): void {
    const { kind } = outcome;
    const sent = kind === "value" ? { ...outcome, value: bytesOf(outcome.value) } : outcome;
    this.#exchange.send(clientId, { kind: "result", id, outcome: sent }, sizeOf(sent));
    // It left while its task ran: nobody will ever ask for what the task stored.
    if (!this.#exchange.has(clientId)) this.#executor.releaseAllOf(clientId);
  }

  #yielded(clientId: string, id: string, index: number, outcome: ItemOutcome): void {
    const sent = outcome.kind === "value" ? { ...outcome, value: bytesOf(outcome.value) } : outcome;
    this.#exchange.send(clientId, { kind: "item", id, index, outcome: sent }, sizeOf(sent));
  }

  #nestedSubmitter(): Promise<Submitter> {
    this.#nested ??= (async () => {
      const [bus, subjects] = [this.#bus, this.#subjects];
      const submitter = new Submitter({
        bus,
        subjects,
        control: this.#control,
        id: randomId(),
        infeasibleAfterMs: defaultInfeasibleAfterMs,
        local: { id: this.id, idle: this.#idle, load: () => this.#executor.load },
      });
      this.#submitter = submitter;
      submitter.heard(this.#presence.heartbeat);
      await submitter.greet(this.#presence.others);
      return submitter;
    })();
    this.#nested.catch(() => {
      this.#nested = undefined;
    });
    return this.#nested;
  }

  /** Returns how many tasks and objects are gone with it. */
  #forgetClient(clientId: string): { tasks: number; objects: number } {
    this.#exchange.forget(clientId);
    this.#templates.delete(clientId);
    this.#toldMs.delete(clientId);
    this.#dropGroups(clientId);
    const tasks = this.#executor.cancelAllOf(clientId);
    this.#gangs.forgetAllOf(clientId);
    return { tasks, objects: this.#executor.releaseAllOf(clientId) };
  }

  /** Its process is gone: nobody waits for its tasks any more. */
  #forgetDead(clientId: string): void {
    if (!this.#exchange.has(clientId)) return;
    const { tasks, objects } = this.#forgetClient(clientId);
    console.error(
      `wray host ${this.id}: client ${clientId} died; ${tasks} tasks and ${objects} objects go with it`,
    );
  }

  /**
   * For a client this host was dead: it was frozen, or cut off. What it has of that client's is elsewhere by now, so it
   * drops all of it; what it has done meanwhile counts for nothing. It goes on with a lease of a higher epoch.
   */
  async #rejoin(clientId: string): Promise<void> {
    const { tasks, objects } = this.#forgetClient(clientId);
    const dropped = `dropped ${tasks} tasks and ${objects} objects`;
    try {
      if (this.#presence.state === "up") await this.#presence.takeLease();
    } catch {
      // The next renewal makes up for it.
    }
    this.#presence.beat();
    console.error(
      `wray host ${this.id}: client ${clientId} took it for dead; ${dropped}, goes on with epoch ${this.#presence.epoch}`,
    );
  }

  #forgetSilent(): void {
    const nowMs = performance.now();
    const wasDeaf = nowMs - this.#checkedMs > deafMs;
    this.#checkedMs = nowMs;
    if (wasDeaf || !this.#bus.isConnected) return;
    const silent = this.#exchange.silent(AbsentOwners.silentMs);
    if (silent.length > 0) {
      const busy = this.#executor.owners();
      const idle = new Set(this.#exchange.silent(AbsentOwners.idleMs));
      this.#absentOwners.look(new Set(silent.filter((id) => busy.has(id) || idle.has(id))));
    }
    for (const clientId of this.#exchange.silent(groupLeaseMs)) this.#dropGroups(clientId);
    for (const clientId of this.#exchange.silent(clientSilenceMs)) this.#forgetClient(clientId);
  }

  #memory(): PeerMemory {
    const { objects, totals } = this.#store.report();
    return {
      peer: { kind: "host", id: this.id },
      ...largestObjects(objects),
      totals,
      clients: this.#exchange.peers,
    };
  }

  /** Another host has nothing to do for some cpus, and asks for work. */
  #asked(thief: Heartbeat): void {
    const { host: id, cpus, running, queued, unreserved } = thief;
    const free = unreservedCpus(cpus, unreserved) - running - queued;
    if (free <= 0 || id === this.id || this.#presence.state !== "up") return;
    if (this.#executor.asked(id, free) > 0) this.#submitter?.heard(thief);
  }

  /** Tells a client what there is to do here, and how long its tasks ran, with the results that it gets now. */
  #tellLoad(clientId: string): void {
    const nowMs = performance.now();
    if (nowMs - (this.#toldMs.get(clientId) ?? 0) < tellMs || !this.#exchange.has(clientId)) return;
    this.#toldMs.set(clientId, nowMs);
    queueMicrotask(() => {
      const ran: Ran[] = [];
      for (const template of this.#templates.get(clientId) ?? []) {
        if (template === undefined || template.ranCount === 0) continue;
        ran.push({ kernel: template.timedAs, count: template.ranCount, ms: template.ranMs });
        template.ranCount = 0;
        template.ranMs = 0;
      }
      this.#exchange.send(clientId, { kind: "load", ...this.#executor.load, ran }, 100 + 60 * ran.length);
    });
  }

  async #leave(deadlineMs: number): Promise<void> {
    this.#presence.state = "draining";
    this.#presence.beat();
    this.#submitService?.unsubscribe();
    await this.#jobService?.stop();
    if (deadlineMs > 0) await this.#leaveDetached(deadlineMs);
    this.#detached?.close();
    this.#executor.giveBackWaiting();
    // Their owners have heard that it leaves, and take them elsewhere.
    await this.#until(() => this.#executor.actorCount === 0, deadlineMs);
    await Promise.all([
      this.#pool.drain(deadlineMs),
      this.#until(() => this.#executor.gpuCount === 0, deadlineMs),
    ]);
    if (deadlineMs > 0) await Promise.all([this.#farewell(), this.#jobService?.ended(farewellMs)]);
    this.#presence.state = "left";
    this.#presence.beat();
    for (const timer of this.#timers) clearInterval(timer);
    this.#executor.close();
    this.#gangs.close();
    this.#presence.close();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#exchange.close();
    this.#store.close();
    await this.#gpu?.close();
    (await this.#nested?.catch(() => undefined))?.close();
    await this.#presence.dropLease();
  }

  /** What can't be given to other hosts in time is taken over by them when this one is gone. */
  async #leaveDetached(deadlineMs: number): Promise<void> {
    const late = () => new Error("it takes too long");
    await within(deadlineMs, this.#detached?.leave() ?? Promise.resolve(), late).catch((error) =>
      console.error(`wray host ${this.id}: could not give away its detached actors: ${error.message}`),
    );
  }

  async #farewell(): Promise<void> {
    const isDone = () =>
      this.#executor.isIdle &&
      this.#exchange.isSettled &&
      !this.#store.hasObjectsOf((owner) => this.#exchange.has(owner));
    await this.#until(isDone, farewellMs);
  }

  /** Waits until that is so, or for so long. */
  async #until(isSo: () => boolean, ms: number): Promise<void> {
    const untilMs = performance.now() + ms;
    while (!isSo() && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  #every(ms: number, action: () => void): void {
    const timer = setInterval(action, ms);
    timer.unref();
    this.#timers.push(timer);
  }
}

/** About how many bytes an outcome takes in a message. */
function sizeOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case "value":
      return resultOverheadBytes + byteLengthOf(outcome.value);
    case "error":
      return resultOverheadBytes + encodeMessage(outcome).byteLength;
    default:
      return resultOverheadBytes;
  }
}
