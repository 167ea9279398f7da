import { TaskTable } from "../../../scheduler/dataflow/task-table.ts";
import { ObjectTable, type ReadyState } from "../../../scheduler/ownership/object-table.ts";
import { HostTable } from "../../../scheduler/placement/host-table.ts";
import { RunTimes } from "../../../scheduler/placement/run-times.ts";
import { TaskError, toWireError, WorkerCrashedError } from "../../../scheduler/protocol/errors.ts";
import { type Arg, type HostState, isRefArg, type Outcome } from "../../../scheduler/protocol/messages.ts";
import { numbering, type Random } from "../seeds.ts";

type SentTask = { id: string; args: readonly Arg[] };

type SimulatedHost = {
  id: string;
  state: HostState;
  isFrozen: boolean;
  /** The client's session that it knows. */
  session: number | undefined;
  tasks: SentTask[];
  stored: Set<string>;
};

/** A client's tables among hosts that die, freeze, leave, and answer late or twice. Time is a number. */
export class SimulatedCluster {
  readonly hostTable = new HostTable();
  readonly objects = new ObjectTable((id, hosts) => this.#release(id, hosts));
  readonly tasks: TaskTable;
  readonly hosts = new Map<string, SimulatedHost>();
  /** How each submitted task ended, every time that its listeners were told. */
  readonly outcomes = new Map<string, ReadyState[]>();
  /** The objects whose refs the program holds. */
  readonly held: string[] = [];
  /** Tasks that were sent although as many others of their key were under way as may be. */
  readonly overlaps: string[] = [];
  readonly #keys = new Map<string, string>();
  /** Those of them that were sent and have not ended, by the hosts that they are on. */
  readonly #sent = new Map<string, string>();
  nowMs = 0;
  readonly #random: Random;
  readonly #sessions = new Map<string, number>();
  #results: { hostId: string; session: number; id: string; outcome: Outcome }[] = [];
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
    this.tasks = new TaskTable({
      objects: this.objects,
      hosts: this.hostTable,
      times: new RunTimes(),
      clientId: "client",
      infeasibleAfterMs: 10_000,
      numberOf: numbering(),
      send: (hostId, { id }, args) => this.#send(hostId, { id, args }),
      cancel() {},
      nowMs: () => this.nowMs,
      random: random.next,
    });
  }

  /** A host joins, or one that was there starts again under the same id and remembers nothing. */
  start(id: string): void {
    this.hosts.set(id, {
      id,
      state: "up",
      isFrozen: false,
      session: undefined,
      tasks: [],
      stored: new Set(),
    });
    this.beat(id);
  }

  beat(id: string): void {
    const { state, tasks } = this.hosts.get(id)!;
    const load = { queued: tasks.length, running: 0 };
    this.hostTable.heard({ v: 1, host: id, epoch: 1, cpus: 2, state, ...load }, this.nowMs);
    this.tasks.placeWaiting();
  }

  /** All that happens by itself as time goes on. */
  pass(ms: number): void {
    this.nowMs += ms;
    for (const { id, isFrozen } of [...this.hosts.values()]) if (!isFrozen) this.beat(id);
    for (const { id, hasLeft } of this.hostTable.takeLost(this.nowMs)) {
      if (hasLeft) this.hosts.delete(id);
      this.#lose(id, hasLeft);
    }
    for (const [id, session] of this.#sessions) {
      const host = this.hosts.get(id);
      if (host !== undefined && !host.isFrozen && host.session !== session) this.#lose(id, false);
    }
    this.tasks.tick();
  }

  put(bytes: number): void {
    const id = `put-${this.#count++}`;
    this.objects.create(id, { kind: "local", value: new Uint8Array(bytes) });
    this.held.push(id);
  }

  submit(): void {
    const id = `task-${this.#count++}`;
    const args = Array.from({ length: this.#random.below(4) }, () =>
      this.held.length > 0 && this.#random.happens(0.7) ? this.#random.pick(this.held) : Uint8Array.of(1),
    );
    const maxRetries = this.#random.below(4);
    const key = this.#random.happens(0.3) ? this.#random.pick(["x", "y"]) : undefined;
    if (key !== undefined) this.#keys.set(id, key);
    this.tasks.submit(id, {
      template: {
        ...{ label: "module/kernel", module: "sha", kernel: "kernel" },
        ...{ maxRetries, key, maxConcurrent: key === "x" ? 1 : 2 },
        options: { priority: this.#random.below(3) },
        ttlMs: this.#random.happens(0.1) ? this.#random.below(3_000) : undefined,
        deadlineMs: this.#random.happens(0.1) ? this.#random.below(3_000) : undefined,
      },
      args,
    });
    this.outcomes.set(id, []);
    this.objects.whenReady(id, (state) => {
      this.outcomes.get(id)!.push(state);
      this.#sent.delete(id);
    });
    this.held.push(id);
  }

  drop(): void {
    const [id] = this.held.splice(this.#random.below(this.held.length), 1);
    if (id !== undefined) this.objects.drop(id);
  }

  /** A host that is not frozen ends one of its tasks; its answer is on the way from then on. */
  run(host: SimulatedHost, canFail: boolean): void {
    if (host.isFrozen || host.tasks.length === 0) return;
    const [task] = host.tasks.splice(this.#random.below(host.tasks.length), 1);
    this.#answer(host, task!.id, this.#outcome(canFail));
  }

  /** Answers arrive in any order, some of them again later. */
  deliver(canRepeat: boolean): void {
    if (this.#results.length === 0) return;
    const index = this.#random.below(this.#results.length);
    const { hostId, session, id, outcome } = this.#results[index]!;
    if (!canRepeat || this.#random.happens(0.8)) this.#results.splice(index, 1);
    if (this.#sessions.get(hostId) !== session) return;
    // It may wait for what was lost meanwhile, and others of its key go before.
    if (this.#sent.get(id) === hostId) this.#sent.delete(id);
    this.tasks.ended(hostId, id, outcome);
  }

  /** A host that is not frozen gives a task back since it is full, or another one has asked for work. */
  giveBack(host: SimulatedHost, to: string): void {
    if (host.isFrozen || host.tasks.length === 0) return;
    const [task] = host.tasks.splice(this.#random.below(host.tasks.length), 1);
    const isFull = this.#random.happens(0.5);
    this.#answer(host, task!.id, { kind: "returned", ...(isFull ? { isFull } : { to }) });
  }

  leave(host: SimulatedHost): void {
    host.state = "draining";
    this.beat(host.id);
    for (const { id } of host.tasks.splice(0)) this.#answer(host, id, { kind: "returned" });
    host.state = "left";
  }

  get isQuiet(): boolean {
    return (
      this.#results.length === 0 &&
      [...this.hosts.values()].every(({ tasks }) => tasks.length === 0) &&
      [...this.outcomes.values()].every((outcomes) => outcomes.length > 0) &&
      // What is made again has its outcome already.
      [...this.objects.entries()].every(({ state }) => state.kind !== "pending")
    );
  }

  /** What hosts hold although the client, which they know, has let go of it. */
  leaked(): string[] {
    return [...this.hosts.values()]
      .filter(({ id, session }) => session !== undefined && session === this.#sessions.get(id))
      .flatMap(({ id, stored }) => [...stored].map((object) => `${object} on ${id}`));
  }

  #outcome(canFail: boolean): Outcome {
    const chance = this.#random.next();
    if (canFail && chance < 0.1)
      return { kind: "error", error: toWireError(new WorkerCrashedError("crash")) };
    if (canFail && chance < 0.2) return { kind: "error", error: toWireError(new TaskError("trap")) };
    return chance < 0.6 ? { kind: "value", value: Uint8Array.of(1) } : { kind: "stored", bytes: 10_000 };
  }

  #answer(host: SimulatedHost, id: string, outcome: Outcome): void {
    if (host.session === undefined) return;
    if (outcome.kind === "stored") host.stored.add(id);
    this.#results.push({ hostId: host.id, session: host.session, id, outcome });
  }

  #send(hostId: string, task: SentTask): void {
    this.#countKey(task.id, hostId);
    const host = this.hosts.get(hostId);
    if (!this.#sessions.has(hostId)) {
      this.#sessions.set(hostId, this.#count++);
      host?.stored.clear();
      if (host !== undefined) host.session = this.#sessions.get(hostId);
    }
    // One that forgot the session says so later; see `pass`.
    if (host === undefined || host.session !== this.#sessions.get(hostId)) return;
    host.tasks.push(task);
    for (const arg of task.args) if (isRefArg(arg)) host.stored.add(arg.ref);
  }

  #countKey(id: string, hostId: string): void {
    const key = this.#keys.get(id);
    if (key === undefined) return;
    this.#sent.set(id, hostId);
    // One that makes a lost object again is sent when its first outcome was told.
    this.objects.whenReady(id, () => this.#sent.delete(id));
    const count = [...this.#sent.keys()].filter((other) => this.#keys.get(other) === key).length;
    if (count > (key === "x" ? 1 : 2)) this.overlaps.push(id);
  }

  #release(id: string, hosts: ReadonlySet<string>): void {
    for (const hostId of hosts) {
      const host = this.hosts.get(hostId);
      if (host?.session === this.#sessions.get(hostId)) host?.stored.delete(id);
    }
  }

  #lose(hostId: string, hasLeft: boolean): void {
    this.#sessions.delete(hostId);
    for (const [id, on] of this.#sent) if (on === hostId) this.#sent.delete(id);
    this.tasks.hostLost(hostId, hasLeft);
  }
}
