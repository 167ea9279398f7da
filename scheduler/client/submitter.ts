import { Deadlocks, type Waiter } from "../actors/deadlocks.ts";
import type { Bus, Subscription } from "../bus/bus.ts";
import { Exchange } from "../bus/exchange.ts";
import type { Control } from "../control/control.ts";
import type { PendingTask, Submission, TaskTemplate } from "../dataflow/pending-task.ts";
import { peersOf, Replicator } from "../dataflow/replicator.ts";
import { TaskTable } from "../dataflow/task-table.ts";
import { type Bundle, type GroupRequest, GroupTable } from "../groups/group-table.ts";
import { serveObjects } from "../objects/serve.ts";
import { Lending } from "../ownership/lending.ts";
import { type Keeper, ObjectTable, type ReadyState, type Recording } from "../ownership/object-table.ts";
import { HostTable, type HostView } from "../placement/host-table.ts";
import type { IdleHosts } from "../placement/idle-hosts.ts";
import { RunTimes } from "../placement/run-times.ts";
import type { ActorAddress, ActorName } from "../protocol/actor-address.ts";
import {
  decodeBorrowRequest,
  decodeHeld,
  decodePacketToClient,
  decodeWait,
  encodeMessage,
  encodePacket,
} from "../protocol/codec.ts";
import { ShutdownError } from "../protocol/errors.ts";
import { Ids, sessionName } from "../protocol/ids.ts";
import { type Holder, largestObjects, type PeerMemory } from "../protocol/memory.ts";
import {
  type Arg,
  type CallOwn,
  type Heartbeat,
  inlineBytes,
  type Load,
  type Packet,
  type ToClient,
  type ToHost,
} from "../protocol/messages.ts";
import { runBytes } from "../protocol/run.ts";
import type { Subjects } from "../protocol/subjects.ts";
import { byteLengthOf, bytesOf, type Encoded } from "../protocol/value.ts";
import { Actors } from "./actors/actors.ts";
import { Borrowing, notThere } from "./borrowing.ts";
import { Fetching } from "./fetching.ts";
import { Gossip } from "./gossip.ts";
import { askMemory, type MemoryReport } from "./memory-report.ts";
import type { ClientStats } from "./stats.ts";
import { TemplateNumbers } from "./template-numbers.ts";

/** Inline values of one task, together. */
const inlineTaskBytes = 32 * 1024;
/** About what a template takes in a message. */
const overheadBytes = 300;
const tickMs = 100;
/** How often it is looked which hosts are lost, at most. */
const lookMs = 25;
/** When our own timer is so late, this thread was busy, and what hosts said is still waiting to be read. */
const deafMs = 250;
/** How often hosts are told that we are still there. */
const aliveMs = 1_000;
/** What checkpoints of actors may take here together; with more, they are kept by two hosts each, and told whole. */
const mostCheckpointBytes = 256 * 1024 * 1024;
/** How long hosts that hold a lease may take to say that they are there. */
const greetMs = 300;

export type SubmitterDeps = {
  bus: Bus;
  subjects: Subjects;
  /** Where the names of actors are. */
  control: Pick<Control, "nameActor" | "findActor" | "dropActor">;
  id: string;
  /** How long a task waits for a host that can run it. */
  infeasibleAfterMs: number;
  /** How much is remembered of how objects were made, in bytes. Default 64 MiB. */
  maxLineageBytes?: number | undefined;
  /** The host that it is the client of, if it is that of a host. */
  local?: LocalHost | undefined;
};

/** What the client of a host knows of that. */
export type LocalHost = {
  id: string;
  /** The hosts that have asked it for work. */
  idle: IdleHosts;
  load(): Load;
};

/** How many hosts are listened to, if there are more. */
const sampleOfClient = 1_000;

/** A client's end of the wire: it feeds messages and time to what the client knows, and sends what that decides. */
export class Submitter {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly id: string;
  readonly #ids: Ids;
  readonly #hosts = new HostTable();
  readonly #times = new RunTimes();
  readonly #objects: ObjectTable;
  readonly #tasks: TaskTable;
  readonly #groups: GroupTable;
  readonly #exchange: Exchange<ToHost, ToClient>;
  /** Of each host with an open session, those that it was told of. */
  readonly #templates = new Map<string, TemplateNumbers>();
  /** The client of a host is told by that what it hears. */
  readonly #gossip: Gossip | undefined;
  readonly #local: LocalHost | undefined;
  readonly #subscriptions: Subscription[];
  readonly #ticker: NodeJS.Timeout;
  readonly actors: Actors;
  readonly #deadlocks: Deadlocks;
  readonly #fetching: Fetching;
  readonly #lending: Lending;
  readonly #borrowing: Borrowing;
  readonly #replicator: Replicator;
  /** The sessions of hosts that count as dead, until these know it. */
  readonly #ended = new Map<string, string>();
  #sessionCount = 0;
  #lostCount = 0;
  #touchedMs = 0;
  #tickedMs = performance.now();
  /** When it was looked last which hosts are lost. */
  #lookedMs = 0;
  #idCount = 0;
  #onHeard = () => {};

  constructor({ bus, subjects, control, id, infeasibleAfterMs, maxLineageBytes, local }: SubmitterDeps) {
    this.#local = local;
    this.#objects = new ObjectTable((id, hosts) => this.#release(id, hosts), maxLineageBytes);
    this.#bus = bus;
    this.#subjects = subjects;
    this.id = id;
    this.#ids = new Ids(id);
    this.#tasks = new TaskTable({
      objects: this.#objects,
      hosts: this.#hosts,
      times: this.#times,
      clientId: id,
      localId: local?.id,
      idle: local?.idle,
      infeasibleAfterMs,
      numberOf: (id) => this.#ids.numberOf(id),
      send: (hostId, task, args) => this.#send(hostId, task, args),
      cancel: (hostId, taskId) =>
        this.#exchange.send(hostId, { kind: "cancel", ids: [taskId] }, taskId.length),
      askOwner: (id, hostIds) => this.#borrowing.lost(id, hostIds),
      nowMs: () => performance.now(),
      random: Math.random,
    });
    this.actors = new Actors({
      ...{ bus, subjects, objects: this.#objects, hosts: this.#hosts, clientId: id },
      ownerOf: (objectId) => this.ownerOf(objectId),
      lend: (objectId) => this.lend(objectId),
      borrow: (objectId, owner) => this.borrow(objectId, owner),
      fetch: (objectId, state) => this.fetch(objectId, state),
      withPlaced: (given, submit) => this.#withPlaced(given, submit),
      ...{ control, infeasibleAfterMs },
      numberOf: (id) => this.#ids.numberOf(id),
      newId: () => this.newId(),
      make: (submission) => this.submit(submission),
      send: (hostId, call, args) => {
        const { number } = call;
        const template = this.#templateOn(hostId, call.template);
        this.#exchange.send(hostId, { kind: "call", number, template, args, own: undefined }, runBytes(args));
      },
      cancel: (hostId, callId) =>
        this.#exchange.send(hostId, { kind: "cancel", ids: [callId] }, callId.length),
      end: (hostId, actorId) =>
        this.#exchange.send(hostId, { kind: "endActors", ids: [actorId] }, actorId.length),
      bringHome: (objectId, hostId) => this.#fetching.bringHome(objectId, hostId),
      endGang: (hostId, group) => this.#exchange.send(hostId, { kind: "endGang", group }, group.length),
      replicate: (objectId) => this.#replicator.replicate(objectId, 2),
      mostHomeBytes: mostCheckpointBytes,
      nowMs: () => performance.now(),
    });
    this.#deadlocks = new Deadlocks({
      clientId: id,
      publish: (to, message) => bus.publish(subjects.waits(to), encodeMessage(message)),
      runsBeside: (actorId, method) => this.actors.runsBeside(actorId, method),
      nowMs: () => performance.now(),
    });
    this.#groups = new GroupTable({
      hosts: this.#hosts,
      infeasibleAfterMs,
      send: (hostId, message) => {
        if (message.kind === "reserve") this.#openOn(hostId);
        this.#exchange.send(hostId, message, overheadBytes);
      },
      moved: () => {
        this.#hosts.bundlesMoved();
        this.#tasks.placeWaiting();
      },
      nowMs: () => performance.now(),
      random: Math.random,
    });
    this.#fetching = new Fetching({
      ...{ bus, subjects, objects: this.#objects },
      missing: (id, hostIds) => this.#tasks.missing(id, hostIds),
    });
    this.#lending = new Lending({
      objects: this.#objects,
      missing: (id, hostIds) => this.#tasks.missing(id, hostIds),
      isListening: (borrower) => bus.isListening(subjects.alive(borrower)),
      nowMs: () => performance.now(),
    });
    this.#borrowing = new Borrowing({ bus, subjects, objects: this.#objects, clientId: id });
    this.#replicator = new Replicator({
      ...{ objects: this.#objects, hosts: this.#hosts },
      keep: (hostId, objectId, holders) => {
        this.#openOn(hostId);
        const at = peersOf(holders, id);
        this.#exchange.send(hostId, { kind: "keep", id: objectId, at }, overheadBytes);
      },
      bringHome: (objectId, hostId) => this.#fetching.bringHome(objectId, hostId),
      nowMs: () => performance.now(),
      random: Math.random,
    });
    this.#exchange = new Exchange({
      id,
      publish: (hostId, packet) => bus.publish(subjects.hostTasks(hostId), encodePacket(packet)),
      deliver: (hostId, message) => this.#onMessage(hostId, message),
      onReset: (hostId) => this.#loseHost(hostId),
    });
    this.#subscriptions = [
      bus.subscribe(subjects.clientResults(id), (payload) => this.#received(decodePacketToClient(payload))),
      serveObjects(bus, subjects.objects({ kind: "client", id }), (objectId) => {
        const state = this.#objects.state(objectId);
        return state?.kind === "local" ? bytesOf(state.value) : undefined;
      }),
      bus.subscribe(subjects.memory({ kind: "client", id }), (_, respond) =>
        respond(encodeMessage(this.memory())),
      ),
      bus.subscribe(subjects.borrow(id), (payload, respond) => {
        void this.#lending.asked(decodeBorrowRequest(payload)).then((reply) => respond(encodeMessage(reply)));
      }),
      bus.subscribe(subjects.held(id), (payload) => this.#lending.held(decodeHeld(payload))),
      bus.subscribe(subjects.waits(id), (payload) => this.#deadlocks.heard(decodeWait(payload))),
      bus.subscribe(subjects.alive(id), (_, respond) => respond(new Uint8Array())),
      bus.onReconnect(() => {
        this.#hosts.forgive(performance.now());
        this.#exchange.reconnected();
        this.#borrowing.reconnected();
        this.#lending.reconnected();
        this.actors.reconnected();
      }),
    ];
    if (local === undefined) {
      this.#gossip = new Gossip({
        ...{ bus, subjects, most: sampleOfClient },
        heard: (heartbeat) => this.heard(heartbeat),
        needed: () => this.busy(),
      });
    }
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    this.#ticker.unref();
  }

  /** Takes in what a host says of itself. */
  heard(heartbeat: Heartbeat): void {
    const nowMs = performance.now();
    this.#fence(heartbeat.host);
    const isNew = heartbeat.state === "up" && !this.#hosts.has(heartbeat.host);
    this.#hosts.heard(heartbeat, nowMs);
    if (isNew) this.actors.joined(heartbeat.host, this.#hosts.view().length);
    // Whoever hears some sees at once that others say nothing, unless it has heard nothing for a while itself.
    const isDue = nowMs - this.#lookedMs >= lookMs && nowMs - this.#tickedMs <= deafMs;
    if (heartbeat.state === "left" || isDue) this.#loseHosts();
    if (heartbeat.state === "draining") {
      this.#groups.hostLost(heartbeat.host);
      this.#replicator.leaving(heartbeat.host);
      this.actors.leaving(heartbeat.host);
    }
    this.#groups.tick();
    this.#tasks.placeWaiting();
    this.#onHeard();
  }

  /** Asks all hosts to say that they are there, and waits until these have, but not for long. */
  async greet(expected: string[]): Promise<void> {
    this.#bus.publish(this.#subjects.hello, new Uint8Array());
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, greetMs);
      this.#onHeard = () => {
        if (!expected.every((id) => this.#hosts.has(id))) return;
        clearTimeout(timer);
        resolve();
      };
      this.#onHeard();
    });
    this.#onHeard = () => {};
  }

  /** The hosts that have tasks of ours. */
  busy(): Iterable<string> {
    return this.#hosts.busy();
  }

  get hosts(): HostView[] {
    return this.#hosts.view();
  }

  get stats(): ClientStats {
    const { retriedCount, madeAgainCount } = this.#tasks;
    return { tasksRetried: retriedCount, objectsMadeAgain: madeAgainCount, hostsLost: this.#lostCount };
  }

  /** The program has got another ref of this object. */
  hold(id: string): void {
    this.#objects.hold(id);
  }

  /** A ref of an object by the client that owns it. */
  borrow(id: string, owner: string): void {
    if (this.#objects.get(id) !== undefined) {
      this.#objects.hold(id);
      this.#tasks.restore(id);
    } else if (owner === this.id) this.#objects.create(id, { kind: "failed", error: notThere(id, owner) });
    else this.#borrowing.borrow(id, owner);
  }

  /** Others may borrow an object. */
  lend(id: string): void {
    this.#objects.keep(id);
  }

  /** The client that owns an object which is known here. */
  ownerOf(id: string): string {
    return this.#borrowing.ownerOf(id) ?? this.id;
  }

  /** The program no longer holds a ref of this object. */
  drop(id: string): void {
    this.#objects.drop(id);
  }

  /** Another id of an object. */
  newId(): string {
    return this.#ids.of(this.#idCount++);
  }

  /**
   * Owns an encoded value. Returns the object's id.
   * @param inner the objects whose refs the value holds
   * @param replicas on how many hosts it is to be, from 2; 1 is here alone
   */
  put(value: Uint8Array, inner?: readonly string[], replicas = 1): string {
    const id = this.newId();
    this.#objects.create(id, { kind: "local", value }, inner);
    this.#replicate(id, value, replicas);
    return id;
  }

  /** Owns an object that is ready: one whose only holder kept it, or an item of a task. */
  own(id: string, state: ReadyState, recording?: Partial<Recording>): void {
    this.#objects.create(id, state);
    if (recording !== undefined) this.#objects.record(id, recording);
  }

  /** The same for a value whose bytes are still to come; when they don't, the object fails. */
  putLater(value: Promise<Uint8Array>, replicas = 1): string {
    const id = this.newId();
    this.#objects.create(id);
    value.then(
      (value) => {
        this.#objects.settle(id, { kind: "local", value });
        this.#replicate(id, value, replicas);
      },
      (error) => this.#objects.settle(id, { kind: "failed", error }),
    );
    return id;
  }

  /** Submits a task, whose result is for this keeper if there is one, and has its id. Returns the id of the result. */
  submit(submission: Submission, keeper?: Keeper & { readonly id: string }): string {
    const id = keeper?.id ?? this.newId();
    this.#lookAtOwn();
    this.#withPlaced(submission.args, (args) => this.#tasks.submit(id, { ...submission, args }, keeper));
    return id;
  }

  /** Calls a method of an actor, as a task does. Returns the id of the result. @throws ActorDiedError, KernelNotFoundError */
  callActor(address: ActorAddress, name: string, args: readonly (Encoded | string)[]): string {
    const id = this.newId();
    this.actors.call(address, { name }, args, { id });
    return id;
  }

  /**
   * A task or an actor waits here for an object that is not ready. Returns how to tell that it does no longer.
   * @param failed hears that what it waits for waits for it
   */
  waits(waiter: Waiter, id: string, failed: (error: Error) => void): () => void {
    return this.#deadlocks.wait(waiter, this.actors.targetOf(id) ?? { id }, failed);
  }

  findActor(name: ActorName): Promise<ActorAddress> {
    return this.actors.find(name);
  }

  /** The arguments of a call, of which those that are too large for a message are objects. */
  #withPlaced(
    given: readonly (Encoded | string)[],
    submit: (args: readonly (Encoded | string)[]) => void,
  ): void {
    if (!given.some(isBytes)) {
      submit(given);
      return;
    }
    const implicit: string[] = [];
    let leftBytes = inlineTaskBytes;
    const placed = (arg: Encoded | string) => {
      if (!(arg instanceof Uint8Array)) return arg;
      if (arg.byteLength <= Math.min(inlineBytes, leftBytes)) {
        leftBytes -= arg.byteLength;
        return arg;
      }
      implicit.push(this.put(arg));
      this.#objects.belongsToCall(implicit.at(-1)!);
      return implicit.at(-1)!;
    };
    try {
      submit(given.map(placed));
    } finally {
      // No program holds these: they are let go of with the call.
      for (const ref of implicit) this.#objects.drop(ref);
    }
  }

  /** Reserves bundles on hosts, all or none. Rejects when they can't be had. */
  reserve(request: GroupRequest): Promise<{ id: string; bundles: readonly Bundle[] }> {
    const id = this.newId();
    return new Promise((resolve, reject) => {
      const bundles = this.#groups.add(id, request, (error) => {
        // All agree at the earliest when their answers come.
        if (error === undefined) resolve({ id, bundles });
        else reject(error);
      });
    });
  }

  /** Gives back what a group has reserved. */
  unreserve(groupId: string): void {
    this.#groups.remove(groupId);
  }

  /** Ends a task that is not done yet, wherever it is; of anything else, nothing changes. */
  cancel(id: string, error?: Error): void {
    if (!this.actors.cancel(id, error)) this.#tasks.cancel(id, error);
  }

  /** So many items of a task were taken: it may yield more. */
  taken(id: string, count: number): void {
    const hostId = this.#tasks.hostOf(id);
    // One that is between hosts tells the next.
    if (hostId !== undefined) this.#exchange.send(hostId, { kind: "taken", id, count }, id.length);
  }

  /** What the task heard whose result this object is; undefined until it is done, and for what was put. */
  recording(id: string): Partial<Recording> | undefined {
    return this.#objects.recording(id);
  }

  /** Keeps what is needed to make this object's value again. */
  record(id: string, recording: Partial<Recording>): void {
    this.#objects.record(id, recording);
  }

  isReady(id: string): boolean {
    return this.#objects.isReady(id);
  }

  /** What is known of an object, if there is one. */
  state(id: string): ReturnType<ObjectTable["state"]> {
    return this.#objects.state(id);
  }

  /** The encoded value, if it is here; undefined if not. @throws the object's error, if it has failed */
  localValue(id: string): Encoded | undefined {
    const state = this.#objects.state(id);
    if (state?.kind === "failed") throw state.error;
    return state?.kind === "local" ? state.value : undefined;
  }

  /** Calls back when the object is ready. */
  onReady(id: string, listener: (state: ReadyState) => void): void {
    this.#objects.onReady(id, listener);
  }

  /** The same. Returns how to stop waiting. */
  whenReady(id: string, listener: (state: ReadyState) => void): () => void {
    return this.#objects.whenReady(id, listener);
  }

  /** The encoded value of a ready object. */
  async value(id: string): Promise<Uint8Array> {
    return this.fetch(id, this.#objects.state(id) as ReadyState);
  }

  /** The same, of which the state is known. */
  fetch(id: string, state: ReadyState): Promise<Uint8Array> {
    return this.#fetching.fetch(id, state);
  }

  /** What this client owns, and why. */
  memory(): PeerMemory {
    const users = this.#tasks.users();
    const entries = [...this.#objects.entries()];
    const outer = new Map<string, Holder[]>();
    for (const { id, inner } of entries) {
      for (const each of inner) outer.set(each, [...(outer.get(each) ?? []), { kind: "object", id }]);
    }
    const objects = entries.map(({ id, state, isHeld }) => {
      const task = this.#tasks.labelOf(id);
      const others = [
        ...(users.get(id) ?? []).map((label): Holder => ({ kind: "task", label })),
        ...(outer.get(id) ?? []),
      ];
      return {
        id,
        owner: this.id,
        ...(state.kind === "local" && { bytes: byteLengthOf(state.value) }),
        ...(task !== undefined && { label: `result of ${task}` }),
        place: state.kind === "local" ? ("memory" as const) : ("none" as const),
        holders: isHeld ? [{ kind: "ref" as const }, ...others] : others,
      };
    });
    return { peer: { kind: "client", id: this.id }, ...largestObjects(objects) };
  }

  /** Asks the hosts, and other clients, who holds what. */
  askMemory(): Promise<MemoryReport> {
    const hostIds = this.hosts.map(({ id }) => id);
    return askMemory(this.#bus, this.#subjects, hostIds, this.memory());
  }

  /** Fails what is pending, with this error if there is one, and says goodbye to the hosts. */
  close(failure?: Error): void {
    clearInterval(this.#ticker);
    const shutdown = failure ?? new ShutdownError("the client was shut down before the value was here");
    this.#fetching.close(shutdown);
    this.#lending.close();
    this.#borrowing.close(shutdown);
    this.#gossip?.close();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    // Before the tasks that make them, which are not theirs to fail with.
    this.actors.close(shutdown);
    this.#tasks.close(failure);
    this.#groups.close(failure);
    for (const { id } of this.hosts) this.#exchange.send(id, { kind: "bye" }, 0);
    this.#exchange.flush();
    this.#exchange.close();
  }

  #received(packet: Packet<ToClient>): void {
    if (this.#exchange.has(packet.from)) this.#hosts.touched(packet.from, performance.now());
    this.#exchange.receive(packet);
    // Results have made room.
    this.#tasks.placeWaiting();
  }

  #onMessage(hostId: string, message: ToClient): void {
    switch (message.kind) {
      case "value":
        if (!this.#tasks.endedByNumber(hostId, message.number, message))
          this.actors.ended(hostId, message.number, message);
        return;
      case "result":
        if (!this.actors.ended(hostId, this.#ids.numberOf(message.id), message.outcome))
          this.#tasks.ended(hostId, message.id, message.outcome);
        return;
      case "item":
        this.#tasks.yielded(hostId, message.id, message.index, message.outcome);
        return;
      case "progress":
        this.#tasks.progressed(hostId, message.id, { fraction: message.fraction, text: message.text });
        return;
      case "kept":
        this.#replicator.told(hostId, message.id, message.bytes);
        return;
      case "reserved":
        this.#groups.told(hostId, message);
        return;
      case "load": {
        const { queued, running, waitMs, unreserved, ran } = message;
        this.#hosts.told(hostId, { queued, running, waitMs, unreserved }, performance.now());
        for (const { kernel, count, ms } of ran) this.#times.measured(kernel, hostId, ms, count);
      }
    }
  }

  /** What its own host has to do it knows at once. */
  #lookAtOwn(): void {
    if (this.#local !== undefined) this.#hosts.told(this.#local.id, this.#local.load(), performance.now());
  }

  #send(hostId: string, task: PendingTask, args: readonly Arg[]): void {
    const { number } = task;
    const template = this.#templateOn(hostId, task.template);
    const own = ownOf(task);
    this.#exchange.send(hostId, { kind: "call", number, template, args, own }, runBytes(args));
  }

  /** The number by which a host knows a template; it is told of a new one. */
  #templateOn(hostId: string, template: TaskTemplate): number {
    this.#openOn(hostId);
    const numbers = this.#templates.get(hostId)!;
    const known = numbers.of(template);
    if (known !== undefined) return known;
    const number = numbers.add(template);
    const { module, kernel, options } = template;
    const told = { module, kernel, ...options };
    this.#exchange.send(hostId, { kind: "template", number, template: told }, overheadBytes);
    return number;
  }

  #replicate(id: string, value: Uint8Array, count: number): void {
    // A small one goes with the messages of its tasks, and so stays here.
    if (count > 1 && value.byteLength > inlineBytes) this.#replicator.replicate(id, count);
  }

  #openOn(hostId: string): void {
    if (this.#exchange.has(hostId)) return;
    this.#exchange.open(hostId, sessionName(this.#sessionCount++));
    this.#templates.set(hostId, new TemplateNumbers());
  }

  #release(id: string, hosts: ReadonlySet<string>): void {
    if (this.#objects.get(id) === undefined) this.#borrowing.freed(id);
    // What is remembered only since others were made of it, nobody holds.
    if ((this.#objects.state(id) ?? released).kind === "released") this.actors.freed(id);
    for (const hostId of hosts) this.#exchange.send(hostId, { kind: "release", ids: [id] }, id.length);
  }

  #loseHosts(): void {
    this.#lookedMs = performance.now();
    for (const { id, hasLeft } of this.#hosts.takeLost(performance.now())) this.#loseHost(id, hasLeft);
  }

  /** A host that counts as dead may only be slow: what it does for us since then counts for nothing, and it hears so. */
  #fence(hostId: string): void {
    const session = this.#ended.get(hostId);
    if (session === undefined) return;
    this.#ended.delete(hostId);
    this.#exchange.refuse(hostId, session);
  }

  #loseHost(hostId: string, hasLeft = false): void {
    const session = this.#exchange.forget(hostId);
    if (!hasLeft) this.#lostCount++;
    if (!hasLeft && session !== undefined) this.#ended.set(hostId, session);
    this.#fetching.gone(hostId);
    for (const other of this.#exchange.peers) this.#exchange.send(other, { kind: "gone", host: hostId }, 50);
    this.#times.forget(hostId);
    this.#templates.delete(hostId);
    this.#groups.hostLost(hostId);
    this.#tasks.hostLost(hostId, hasLeft);
    this.actors.hostLost(hostId);
    this.#replicator.hostLost(hostId);
  }

  #tick(): void {
    const nowMs = performance.now();
    // While we hear nobody, nobody is lost.
    if (!this.#bus.isConnected || nowMs - this.#tickedMs > deafMs) {
      this.#hosts.forgive(nowMs);
      this.#lending.forgive();
    }
    this.#tickedMs = nowMs;
    for (const hostId of this.#hosts.toBeAsked(nowMs)) this.#exchange.send(hostId, { kind: "ping" }, 10);
    this.#loseHosts();
    if (nowMs - this.#touchedMs > aliveMs) {
      this.#touchedMs = nowMs;
      this.#exchange.touch();
    }
    this.#groups.tick();
    this.#tasks.tick();
    this.actors.tick(nowMs);
    this.#deadlocks.tick();
    this.#replicator.tick();
    this.#lending.tick();
    this.#borrowing.tick();
  }
}

const released = { kind: "released" } as const;
const isBytes = (arg: Encoded | string): arg is Uint8Array => arg instanceof Uint8Array;

/** What a task tells its host of itself alone, if there is anything. */
function ownOf({ seed, hops, expiresMs, dueMs, items }: PendingTask): CallOwn | undefined {
  const taken = items?.takenCount() ?? 0;
  const isTimed = expiresMs !== undefined || dueMs !== undefined;
  if (seed === undefined && hops === 0 && taken === 0 && !isTimed) return undefined;
  const nowMs = performance.now();
  return {
    ...(seed !== undefined && { seed }),
    ...(hops > 0 && { hops }),
    ...(taken > 0 && { taken }),
    ...(expiresMs !== undefined && { ttlMs: Math.max(expiresMs - nowMs, 0) }),
    ...(dueMs !== undefined && { leftMs: Math.max(dueMs - nowMs, 1) }),
  };
}
