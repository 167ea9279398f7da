import type { PendingTask, TaskTemplate } from "../../scheduler/dataflow/pending-task.ts";
import { TaskTable } from "../../scheduler/dataflow/task-table.ts";
import { ObjectTable } from "../../scheduler/ownership/object-table.ts";
import { HostTable } from "../../scheduler/placement/host-table.ts";
import { IdleHosts } from "../../scheduler/placement/idle-hosts.ts";
import { defaultNeed } from "../../scheduler/placement/resources.ts";
import { RunTimes } from "../../scheduler/placement/run-times.ts";
import type { Heartbeat, Load, Returned, Outcome as TaskOutcome } from "../../scheduler/protocol/messages.ts";
import type { HostQueue, QueuedTask } from "../../scheduler/queue/host-queue.ts";
import { HostScheduler } from "../../scheduler/queue/host-scheduler.ts";
import { arrive } from "./arrivals.ts";
import { Events } from "./events.ts";
import { randomOf } from "./random.ts";
import { Tally } from "./tally.ts";
import { delayMs, type Outcome, type Scenario, type SimTask, speedOf } from "./workload.ts";

/** How many other hosts each host listens to, and each program that is no host. */
const sampleOfHost = 32;
const sampleOfClient = 1_000;
/** How often a host is heard of: the rarer, the more hosts there are. */
const beatMsOf = (hostCount: number) => Math.max(100, hostCount);

const label = "module/kernel";
const template: TaskTemplate = { label, module: "m", kernel: "kernel", maxRetries: 3, options: {} };
/** How often a submitter looks at the time. */
const tickMs = 100;

type HeldTask = QueuedTask & { id: string; from: number };

/** wray itself: its policy and its state machines, with simulated messages between them. */
export function simulate(scenario: Scenario): Outcome {
  return new Simulation(scenario).run();
}

class Simulation {
  readonly scenario: Scenario;
  readonly events = new Events();
  readonly random: () => number;
  readonly tally: Tally;
  readonly tasks = new Map<string, SimTask>();
  readonly hosts: SimulatedHost[];
  readonly submitters: Submitter[];

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.random = randomOf(scenario.seed + 1);
    this.tally = new Tally(scenario);
    const { hostCount, clientCount } = scenario;
    this.hosts = Array.from({ length: hostCount }, (_, number) => new SimulatedHost(number, this));
    this.submitters = Array.from(
      { length: clientCount === 0 ? hostCount : clientCount },
      (_, number) => new Submitter(number, this, clientCount === 0 ? this.hosts[number] : undefined),
    );
  }

  run(): Outcome {
    const { events, tally, scenario, hosts } = this;
    for (const host of hosts) host.begin();
    for (const submitter of this.submitters) submitter.begin();
    if (scenario.deaths !== undefined) {
      const { atMs, part } = scenario.deaths;
      events.after(atMs, () => {
        for (const host of hosts.slice(0, Math.round(hosts.length * part))) host.isDead = true;
      });
    }
    arrive(scenario, events, (task) => {
      const submitter = this.submitters[task.submitter]!;
      // The programs of hosts that have died submit nothing.
      if (submitter.isDead) return;
      tally.submitted();
      submitter.submit(task);
    });
    const { work } = scenario;
    const areAllSubmitted = () => "count" in work || events.nowMs > work.warmUpMs + work.forMs;
    // How long tasks wait is known when all are begun; how long all of them take, when all have ended.
    const isDone = () => ("count" in work ? tally.hasEnded : tally.hasBegun);
    events.runWhile(() => events.nowMs === 0 || !areAllSubmitted() || !isDone());
    return tally.outcome();
  }

  /** A message is under way. */
  send(action: () => void): void {
    this.events.after(delayMs(this.random), action);
  }

  /** Some other hosts, as many as one listens to. */
  sample(but: number): SimulatedHost[] {
    const sampleSize = but < 0 ? sampleOfClient : sampleOfHost;
    const others = this.hosts.filter(({ number }) => number !== but);
    if (others.length <= sampleSize) return others;
    const picked = new Set<SimulatedHost>();
    while (picked.size < sampleSize) picked.add(others[Math.floor(this.random() * others.length)]!);
    return [...picked];
  }
}

class SimulatedHost {
  readonly number: number;
  readonly id: string;
  readonly #scheduler: HostScheduler<HeldTask>;
  readonly #simulation: Simulation;
  readonly idle = new IdleHosts();
  readonly #speed: number;
  readonly #times = new RunTimes();
  #known: string[] = [];
  /** Those that were started and wait for a cpu; and how many cpus are taken. */
  readonly #line: HeldTask[] = [];
  #busy = 0;
  #wakeMs = Number.POSITIVE_INFINITY;
  isDead = false;
  /** Those that listen to it. */
  readonly listeners: Submitter[] = [];

  constructor(number: number, simulation: Simulation) {
    this.number = number;
    this.id = `h${number}`;
    this.#simulation = simulation;
    this.#speed = speedOf(simulation.scenario, number);
    const { scenario, random } = simulation;
    this.#scheduler = new HostScheduler({
      ...{ resources: { cpu: scenario.slots }, idle: this.idle, random },
      typicalMs: () => this.#times.typicalMs,
      victims: () => this.#known,
      load: () => this.queue.load,
      start: (task) => this.#start(task),
      expired: () => {},
      giveBack: (task, returned) => this.#giveBack(task, returned),
      ask: (hostId) => this.#ask(hostId),
      isShort: () => false,
      wakeIn: (ms) => this.#wakeIn(ms),
    });
  }

  get queue(): HostQueue<HeldTask> {
    return this.#scheduler.queue;
  }

  begin(): void {
    this.#known = this.#simulation.sample(this.number).map(({ id }) => id);
    const beatMs = beatMsOf(this.#simulation.scenario.hostCount);
    const beat = () => {
      if (this.isDead) return;
      const heartbeat = this.heartbeat;
      // One message to the bus, and one to each that listens.
      const { tally, events } = this.#simulation;
      tally.messages("gossip", events.nowMs, 1 + this.listeners.length);
      this.#simulation.send(() => {
        for (const listener of this.listeners) listener.heard(heartbeat);
      });
      this.#simulation.events.after(beatMs, beat);
    };
    this.#simulation.events.after(beatMs * this.#simulation.random(), beat);
    this.#scheduler.tick(0);
  }

  get heartbeat(): Heartbeat {
    const { scenario } = this.#simulation;
    return {
      ...{ v: 1, host: this.id, epoch: 1, cpus: scenario.slots, state: "up", ...this.queue.load },
      beatMs: beatMsOf(scenario.hostCount),
    };
  }

  receive(task: PendingTask, from: number): void {
    if (this.isDead) return;
    const { events } = this.#simulation;
    const held: HeldTask = {
      ...{ id: task.id, from, owner: `${from}`, priority: 0, depth: 0, shape: "", hasEnded: false },
      ...{ need: defaultNeed, estimateMs: this.#times.meanMs(this.id), queuedMs: events.nowMs },
      ...{ expiresMs: undefined, canMove: true, hops: task.hops, bundle: undefined, taken: undefined },
    };
    this.#scheduler.arrived(held, events.nowMs);
  }

  #wakeIn(ms: number): void {
    const { events } = this.#simulation;
    const atMs = events.nowMs + ms;
    if (atMs >= this.#wakeMs) return;
    this.#wakeMs = atMs;
    events.after(ms, () => {
      if (this.isDead || this.#wakeMs !== atMs) return;
      this.#wakeMs = Number.POSITIVE_INFINITY;
      this.#scheduler.wake(events.nowMs);
    });
  }

  #ask(hostId: string): void {
    const { tally, hosts, events, scenario } = this.#simulation;
    const free = scenario.slots - this.queue.load.running;
    tally.messages("asking for work", events.nowMs);
    this.#simulation.send(() => hosts[Number(hostId.slice(1))]!.asked(this, free));
  }

  /** Another host has nothing to do, and asks for work. */
  asked(thief: SimulatedHost, free: number): void {
    if (this.isDead) return;
    const left = this.#scheduler.asked(thief.id, free, this.#simulation.events.nowMs);
    const own = this.#simulation.submitters[this.number];
    if (left > 0 && own?.local === this) own.toldIdle(thief);
  }

  #giveBack(task: HeldTask, returned: Returned): void {
    const { events, tally, submitters } = this.#simulation;
    if (submitters[task.from]!.local !== this) tally.messages("given back", events.nowMs);
    this.#answer(task, returned);
  }

  /** It is in line for a cpu, which has it at once if one is free. */
  #start(task: HeldTask): void {
    this.#line.push(task);
    this.#run();
  }

  #run(): void {
    const { events, tally, tasks, scenario } = this.#simulation;
    if (this.#busy >= scenario.slots) return;
    const task = this.#line.shift();
    if (task === undefined) return;
    this.#busy++;
    const simulated = tasks.get(task.id)!;
    tally.begun(simulated, events.nowMs);
    const ms = simulated.runMs / this.#speed;
    events.after(ms, () => {
      if (this.isDead) return;
      this.#busy--;
      this.#times.measured(label, this.id, ms);
      this.#answer(task, { kind: "value", value: new Uint8Array() }, ms);
      this.#scheduler.ended(task, events.nowMs);
      this.#run();
    });
  }

  #answer({ id, from }: HeldTask, outcome: TaskOutcome, ranMs?: number): void {
    const submitter = this.#simulation.submitters[from]!;
    const { load } = this.queue;
    const tell = () => submitter.ended(this, id, outcome, load, ranMs);
    if (submitter.local === this) tell();
    else this.#simulation.send(tell);
  }
}

class Submitter {
  readonly number: number;
  readonly local: SimulatedHost | undefined;
  readonly #simulation: Simulation;
  readonly #hosts = new HostTable();
  readonly #times = new RunTimes();
  readonly #objects = new ObjectTable(() => {});
  readonly #tasks: TaskTable;

  constructor(number: number, simulation: Simulation, local: SimulatedHost | undefined) {
    this.number = number;
    this.local = local;
    this.#simulation = simulation;
    this.#tasks = new TaskTable({
      objects: this.#objects,
      hosts: this.#hosts,
      times: this.#times,
      clientId: `s${number}`,
      localId: local?.id,
      idle: local?.idle,
      infeasibleAfterMs: 10_000,
      numberOf: (id) => Number(id.slice(id.indexOf("-") + 1)),
      send: (hostId, task) => this.#send(hostId, task),
      cancel() {},
      nowMs: () => simulation.events.nowMs,
      random: simulation.random,
    });
  }

  get isDead(): boolean {
    return this.local?.isDead === true;
  }

  begin(): void {
    const known = this.#simulation.sample(this.local?.number ?? -1);
    for (const host of known) host.listeners.push(this);
    for (const host of this.local === undefined ? known : [this.local, ...known]) this.heard(host.heartbeat);
    const tick = () => {
      if (this.isDead) return;
      this.#lookAtOwn();
      this.#tasks.tick();
      for (const { id, hasLeft } of this.#hosts.takeLost(this.#simulation.events.nowMs))
        this.#tasks.hostLost(id, hasLeft);
      this.#simulation.events.after(tickMs, tick);
    };
    this.#simulation.events.after(tickMs * this.#simulation.random(), tick);
  }

  heard(heartbeat: Heartbeat): void {
    if (this.isDead) return;
    this.#hosts.heard(heartbeat, this.#simulation.events.nowMs);
    this.#tasks.placeWaiting();
  }

  toldIdle(host: SimulatedHost): void {
    this.#hosts.heard(host.heartbeat, this.#simulation.events.nowMs);
    this.#tasks.placeWaiting();
  }

  submit(task: SimTask): void {
    const { tasks } = this.#simulation;
    const id = `${this.number}-${task.number}`;
    tasks.set(id, task);
    const args: string[] = [];
    if (task.inputHost >= 0) {
      const object = `${id}-input`;
      const hosts = new Set([`h${task.inputHost}`]);
      this.#objects.create(object, { kind: "remote", hosts, bytes: this.#simulation.scenario.inputBytes });
      args.push(object);
    }
    this.#lookAtOwn();
    this.#tasks.submit(id, {
      ...{ template, args },
    });
    for (const object of args) this.#objects.drop(object);
  }

  ended(host: SimulatedHost, id: string, outcome: TaskOutcome, load: Load, ranMs?: number): void {
    if (this.isDead) return;
    const { events, tally } = this.#simulation;
    if (ranMs !== undefined) {
      tally.ended(ranMs, events.nowMs);
      this.#times.measured(label, host.id, ranMs);
    }
    if (host !== this.local) this.#hosts.told(host.id, load, events.nowMs);
    this.#tasks.ended(host.id, id, outcome);
    this.#objects.drop(id);
    this.#lookAtOwn();
    this.#tasks.placeWaiting();
  }

  /** What its own host has to do it knows at once. */
  #lookAtOwn(): void {
    if (this.local === undefined) return;
    this.#hosts.told(this.local.id, this.local.queue.load, this.#simulation.events.nowMs);
  }

  #send(hostId: string, task: PendingTask): void {
    const host = this.#simulation.hosts[Number(hostId.slice(1))]!;
    if (host === this.local) {
      host.receive(task, this.number);
      this.#lookAtOwn();
      return;
    }
    this.#simulation.tally.messages("carrying tasks", this.#simulation.events.nowMs);
    this.#simulation.send(() => host.receive(task, this.number));
  }
}
