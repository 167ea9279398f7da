import { Host } from "../../../host/host.ts";
import type { LoadedModule } from "../../../host/modules.ts";
import type { Call } from "../../../host/pool/call.ts";
import type { Bus } from "../../../scheduler/bus/bus.ts";
import { Submitter } from "../../../scheduler/client/submitter.ts";
import { decodeHeartbeat } from "../../../scheduler/protocol/codec.ts";
import { Ids } from "../../../scheduler/protocol/ids.ts";
import type { Heartbeat, Resources } from "../../../scheduler/protocol/messages.ts";
import { subjectsOf } from "../../../scheduler/protocol/subjects.ts";
import { faultyBus } from "../../faults/bus.ts";
import type { Faults } from "../../faults/faults.ts";
import { packetOf } from "../../faults/message-types.ts";
import { SharedControl } from "./control.ts";
import { module } from "./kernels.ts";
import { Network, type SimulatedConnection } from "./network.ts";
import { SimulatedPool } from "./pool.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** Enough that nothing is spilled: disks are no part of the simulation. */
const storeBytes = 1024 ** 3;
const mostLoadMs = 200;
/** A group, or a task, for which there is no host fails after so long. */
export const infeasibleAfterMs = 20_000;

export const subjects = subjectsOf("sim");

/** A process of the cluster, and how it is connected. */
export type Member = { process: Process; connection: SimulatedConnection; bus: Bus };
export type HostMember = Member & {
  id: string;
  cpus: number;
  resources: Resources;
  host: Host | undefined;
  /** Why it has not started, or has not stopped. */
  error: unknown;
  /** It was told to leave, and has left. */
  isLeaving: boolean;
  hasLeft: boolean;
};
export type ClientMember = Member & { submitter: Submitter; hasLeft: boolean };

/** A call that a host has begun. */
export type Begun = { number: number; taskId: string; host: Process; hostId: string; atMs: number };

/** The processes of one simulated cluster. */
export class Cluster {
  readonly world: World;
  readonly network: Network;
  readonly hosts: HostMember[] = [];
  readonly clients: ClientMember[] = [];
  readonly begun: Begun[] = [];
  /** How often the workers of each task have died. */
  readonly crashes = new Map<string, number>();
  /** How likely a worker dies in the middle of a call. */
  crashProbability = 0;
  /** What each host said last. */
  readonly heard = new Map<string, Heartbeat>();
  /** The last packet with messages since the faults are over: when it was sent, and what it was. */
  busyMs = 0;
  busyWith = "";
  readonly #faults: Faults;
  readonly #control = new SharedControl();
  readonly #chance: () => number;
  readonly #observer: Member;
  #count = 0;

  constructor(world: World, faults: Faults) {
    this.world = world;
    this.#faults = faults;
    this.#chance = world.chance("work");
    this.network = new Network(world);
    this.network.onMessage = (from, subject, payload) => {
      if (!this.#faults.isOver) return;
      const packet = packetOf(subject, payload);
      if (packet === undefined || packet.seq === 0) return;
      this.busyMs = world.nowMs;
      const kinds = packet.messages.map(({ kind }) => kind).join();
      this.busyWith = `${from.name} to ${subject}: packet ${packet.seq} with ${kinds}`;
    };
    const connection = this.network.connect(world.outside);
    this.#observer = { process: world.outside, connection, bus: connection };
    connection.subscribe(subjects.load, (payload) => {
      const heartbeat = decodeHeartbeat(payload);
      this.heard.set(heartbeat.host, heartbeat);
    });
  }

  /** Those that run. */
  get liveHosts(): HostMember[] {
    return this.hosts.filter(({ process, isLeaving }) => process.state !== "dead" && !isLeaving);
  }

  get liveClients(): ClientMember[] {
    return this.clients.filter(({ process, hasLeft }) => process.state !== "dead" && !hasLeft);
  }

  startHost(id: string, cpus: number, resources: Resources): HostMember {
    const member: HostMember = {
      ...this.#join(`host ${id}`),
      ...{ id, cpus, resources, host: undefined, error: undefined, isLeaving: false, hasLeft: false },
    };
    this.hosts.push(member);
    const pool = new SimulatedPool(cpus, {
      workMs: () => this.#workMs(),
      crashes: () => this.#chance() < this.crashProbability,
      begun: (call) => this.#began(call, member),
      crashed: (call) => {
        const taskId = taskIdOf(call);
        this.crashes.set(taskId, (this.crashes.get(taskId) ?? 0) + 1);
      },
    });
    this.world.within(member.process, () => {
      Host.start({
        ...{ bus: member.bus, control: this.#control.over(member.connection), cluster: "sim" },
        ...{ id, cpus, resources, limits: { objectStoreBytes: storeBytes } },
        parts: { pool, modules: { get: () => this.#loaded(), loaded: () => module } },
      }).then(
        (host) => {
          member.host = host;
        },
        (error) => {
          member.error = error;
          member.isLeaving = true;
          member.hasLeft = true;
        },
      );
    });
    return member;
  }

  /** Has a host leave in order. */
  stopHost(member: HostMember, deadlineMs: number): void {
    const { process, host, connection } = member;
    if (host === undefined || process.state === "dead" || member.isLeaving) return;
    member.isLeaving = true;
    this.world.message(process, 0, "stop", () => {
      host.stop(deadlineMs).then(
        async () => {
          await connection.close();
          member.hasLeft = true;
        },
        (error) => {
          member.error = error;
        },
      );
    });
  }

  kill(member: Member): void {
    this.world.kill(member.process);
    void member.connection.close();
  }

  /** A client that has been there for a moment. */
  startClient(): ClientMember {
    const id = `c${this.#count++}`;
    const member = this.#join(`client ${id}`);
    const submitter = this.world.within(member.process, () => {
      const control = this.#control.over(member.connection);
      return new Submitter({ bus: member.bus, subjects, control, id, infeasibleAfterMs });
    });
    const client: ClientMember = { ...member, submitter, hasLeft: false };
    this.clients.push(client);
    this.world.message(member.process, 0, "greet", () => {
      void this.#control
        .over(member.connection)
        .leases()
        .then((leases) => submitter.greet(leases.map(({ host }) => host)));
    });
    return client;
  }

  /** A client that says goodbye. */
  stopClient(client: ClientMember): void {
    if (client.hasLeft) return;
    client.hasLeft = true;
    this.world.message(client.process, 0, "close", () => {
      client.submitter.close();
      // What is sent in this turn still goes.
      void Promise.resolve().then(() => client.connection.close());
    });
  }

  /** Asks as nobody's client: not struck by any fault. */
  ask(subject: string): Promise<Uint8Array> {
    return this.world.within(this.world.outside, () =>
      this.#observer.bus.request(subject, new Uint8Array(), 1_000),
    );
  }

  #join(name: string): Member {
    const process = this.world.spawn(name);
    const connection = this.network.connect(process);
    return { process, connection, bus: faultyBus(connection, this.#faults) };
  }

  #began(call: Call, { process, id }: HostMember): number {
    const number = this.begun.length;
    this.begun.push({
      ...{ number, taskId: taskIdOf(call), host: process, hostId: id, atMs: this.world.nowMs },
    });
    return number;
  }

  /** A module takes a while to come, and the first tasks of a kernel wait for it. */
  async #loaded(): Promise<LoadedModule> {
    const ms = mostLoadMs * this.#chance() ** 2;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return module;
  }

  /** Most calls are short, and some are so long that what happens to hosts happens to them. */
  #workMs(): number {
    const kind = this.#chance();
    if (kind < 0.7) return 5 * this.#chance();
    return kind < 0.95 ? 100 * this.#chance() : 1_000 * this.#chance();
  }
}

const taskIdOf = ({ owner, number }: Call): string => new Ids(owner).of(number);
