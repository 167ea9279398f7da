import type { Bus, Subscription } from "../scheduler/bus/bus.ts";
import { Exchange } from "../scheduler/bus/exchange.ts";
import { defaultInfeasibleAfterMs } from "../scheduler/client/connect.ts";
import { Submitter } from "../scheduler/client/submitter.ts";
import { type Control, leaseRenewMs } from "../scheduler/control/control.ts";
import type { JobStores } from "../scheduler/jobs/job-stores.ts";
import { serveObjects } from "../scheduler/objects/serve.ts";
import { decodePacketToHost, encodeMessage } from "../scheduler/protocol/codec.ts";
import { randomId } from "../scheduler/protocol/ids.ts";
import { largestObjects, type PeerMemory } from "../scheduler/protocol/memory.ts";
import type { HostState, Outcome, Task, ToClient, ToHost } from "../scheduler/protocol/messages.ts";
import { protocolVersion, type Subjects, subjectsOf } from "../scheduler/protocol/subjects.ts";
import { claimName } from "./claim-name.ts";
import { Executor } from "./executor.ts";
import { JobService } from "./job-service.ts";
import { defaultHostLimits, type HostLimits } from "./limits.ts";
import { Modules } from "./modules.ts";
import { Segments } from "./objects/segments.ts";
import { ObjectStore } from "./objects/store.ts";
import { Pool } from "./pool/pool.ts";
import { printLog } from "./print-log.ts";
import { publishShipped } from "./shipped.ts";
import { submitService } from "./submit-service.ts";
import { Traps } from "./traps/traps.ts";

const heartbeatMs = 100;
/** A client that has been silent for so long is gone, and its objects with it. A busy one may say nothing for long. */
const clientSilenceMs = 60_000;
/** When our own timer is so late, this thread was busy, and what clients said is still waiting to be read. */
const deafMs = 1_000;
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
  /** Where the cluster's jobs are; without it, this host runs none. */
  jobs?: JobStores;
};

/** A member of a cluster that runs tasks: it takes them from clients, runs them in its workers, and answers. */
export class Host {
  readonly id: string;
  readonly cpus: number;
  readonly #bus: Bus;
  readonly #control: Control;
  readonly #subjects: Subjects;
  readonly #modules: Modules;
  readonly #store: ObjectStore;
  readonly #pool: Pool;
  readonly #executor: Executor;
  readonly #exchange: Exchange<ToClient, ToHost>;
  readonly #subscriptions: Subscription[] = [];
  #submitService: Subscription | undefined;
  #jobService: JobService | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #state: HostState = "up";
  #epoch = 0;
  #checkedMs = performance.now();
  #stopped: Promise<void> | undefined;
  /** The client of this host itself, for what tasks submit. */
  #nested: Promise<Submitter> | undefined;

  private constructor({ bus, control, cluster, id, cpus, objectAddress, limits: given }: HostOptions) {
    const limits = { ...defaultHostLimits, ...given };
    this.id = id;
    this.cpus = cpus;
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
    this.#pool = new Pool(cpus, limits.stackBytes);
    this.#modules = new Modules(control, limits);
    this.#executor = new Executor({
      bus,
      subjects: this.#subjects,
      modules: this.#modules,
      store: this.#store,
      segments,
      pool: this.#pool,
      maxMemoryBytes: limits.maxMemoryBytes,
      control,
      submitter: () => this.#nestedSubmitter(),
      traps: new Traps(control),
      isPresent: (clientId) => this.#exchange.has(clientId),
      progressed: (clientId, taskId, fraction, text) =>
        this.#exchange.send(clientId, { kind: "progress", id: taskId, fraction, text }, resultOverheadBytes),
      log: (taskId, text) => printLog(id, taskId, text),
    });
    this.#exchange = new Exchange({
      id,
      publish: (clientId, packet) =>
        bus.publish(this.#subjects.clientResults(clientId), encodeMessage(packet)),
      deliver: (clientId, message) => this.#onMessage(clientId, message),
    });
    this.#subscriptions.push(
      bus.subscribe(this.#subjects.hostTasks(id), (payload) =>
        this.#exchange.receive(decodePacketToHost(payload), (clientId) => this.#forgetClient(clientId)),
      ),
      serveObjects(
        bus,
        this.#subjects.objects({ kind: "host", id }),
        (objectId) => this.#store.read(objectId) ?? this.#executor.coming(objectId),
        { address: objectAddress },
      ),
      bus.subscribe(this.#subjects.memory({ kind: "host", id }), (_, respond) =>
        respond(encodeMessage(this.#memory())),
      ),
      bus.subscribe(this.#subjects.hello, () => this.#beat()),
      bus.onReconnect(() => {
        this.#exchange.resend(0);
        void this.#renewLease();
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
      await host.#takeLease();
      host.#submitService = await submitService({
        bus,
        subjects: host.#subjects,
        control,
        modules: host.#modules,
        executor: host.#executor,
        hostId: id,
        cluster,
      });
      await options.jobs?.open();
    } catch (error) {
      await host.stop(0);
      throw error;
    }
    host.#every(heartbeatMs, () => {
      host.#forgetSilent();
      host.#beat();
    });
    host.#every(leaseRenewMs, () => void host.#renewLease());
    host.#beat();
    if (options.jobs !== undefined) host.#startJobs(options.jobs);
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

  #startJobs(stores: JobStores): void {
    this.#jobService = new JobService({
      ...{ bus: this.#bus, control: this.#control, modules: this.#modules, executor: this.#executor },
      ...{ stores, hostId: this.id, cpus: this.cpus },
    });
  }

  #onMessage(clientId: string, message: ToHost): void {
    switch (message.kind) {
      case "task":
        void this.#run(clientId, message.task);
        return;
      case "release":
        for (const id of message.ids) this.#store.release(id, clientId);
        return;
      case "cancel":
        this.#executor.cancel(clientId, message.ids);
        return;
      case "bye":
        this.#forgetClient(clientId);
        return;
    }
  }

  async #run(clientId: string, task: Task): Promise<void> {
    const outcome = await this.#executor.run(task, clientId);
    this.#exchange.send(clientId, { kind: "result", id: task.id, outcome }, sizeOf(outcome));
    // It left while its task ran: nobody will ever ask for what the task stored.
    if (!this.#exchange.has(clientId)) this.#store.releaseAllOf(clientId);
  }

  #nestedSubmitter(): Promise<Submitter> {
    this.#nested ??= (async () => {
      const [bus, subjects] = [this.#bus, this.#subjects];
      const submitter = new Submitter({
        bus,
        subjects,
        id: randomId(),
        infeasibleAfterMs: defaultInfeasibleAfterMs,
      });
      const leases = await this.#control.leases();
      await submitter.greet(leases.map(({ host }) => host));
      return submitter;
    })();
    this.#nested.catch(() => {
      this.#nested = undefined;
    });
    return this.#nested;
  }

  #forgetClient(clientId: string): void {
    this.#exchange.forget(clientId);
    this.#executor.cancelAllOf(clientId);
    this.#store.releaseAllOf(clientId);
  }

  #forgetSilent(): void {
    const nowMs = performance.now();
    const wasDeaf = nowMs - this.#checkedMs > deafMs;
    this.#checkedMs = nowMs;
    if (wasDeaf || !this.#bus.isConnected) return;
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

  #beat(): void {
    this.#bus.publish(
      this.#subjects.load,
      encodeMessage({
        v: protocolVersion,
        host: this.id,
        epoch: this.#epoch,
        cpus: this.cpus,
        queued: this.#executor.queued,
        running: this.#pool.running,
        rssBytes: process.memoryUsage.rss(),
        state: this.#state,
      }),
    );
  }

  async #takeLease(): Promise<void> {
    this.#epoch = await this.#control.putLease({ host: this.id, epoch: this.#epoch, cpus: this.cpus });
  }

  /** A server that was replaced by an empty one gets everything anew. */
  async #renewLease(): Promise<void> {
    try {
      if (this.#state !== "up") return;
      await this.#control.putLease({ host: this.id, epoch: this.#epoch, cpus: this.cpus });
      await publishShipped(this.#control);
    } catch {
      // The server is away; the next renewal, or the one after the reconnect, makes up for it.
    }
  }

  async #leave(deadlineMs: number): Promise<void> {
    this.#state = "draining";
    this.#beat();
    this.#submitService?.unsubscribe();
    await this.#jobService?.stop();
    await this.#pool.drain(deadlineMs);
    if (deadlineMs > 0) await Promise.all([this.#farewell(), this.#jobService?.ended(farewellMs)]);
    this.#state = "left";
    this.#beat();
    for (const timer of this.#timers) clearInterval(timer);
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#exchange.close();
    this.#store.close();
    (await this.#nested?.catch(() => undefined))?.close();
    if (this.#bus.isConnected) await this.#control.dropLease(this.id).catch(() => {});
  }

  async #farewell(): Promise<void> {
    const isDone = () =>
      this.#executor.isIdle &&
      this.#exchange.isSettled &&
      !this.#store.hasResultsOf((owner) => this.#exchange.has(owner));
    const untilMs = performance.now() + farewellMs;
    while (!isDone() && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 10));
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
      return resultOverheadBytes + outcome.value.byteLength;
    case "error":
      return resultOverheadBytes + encodeMessage(outcome).byteLength;
    default:
      return resultOverheadBytes;
  }
}
