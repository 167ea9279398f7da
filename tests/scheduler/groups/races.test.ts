import { type Bundle, GroupTable } from "../../../scheduler/groups/group-table.ts";
import { strategies } from "../../../scheduler/groups/plan.ts";
import { HostTable } from "../../../scheduler/placement/host-table.ts";
import { defaultNeed } from "../../../scheduler/placement/resources.ts";
import type { Heartbeat, ToClient, ToHost } from "../../../scheduler/protocol/messages.ts";
import { HostQueue, type QueuedTask } from "../../../scheduler/queue/host-queue.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds, type Random } from "../seeds.ts";

const test = suite("groups/races");

type Reserve = Extract<ToHost, { kind: "reserve" | "unreserve" }>;
type Reserved = Extract<ToClient, { kind: "reserved" }>;

/** Hosts and clients with messages between them that take some time each, in order between any two. */
class Cluster {
  nowMs = 0;
  readonly random: Random;
  readonly hosts: SimulatedHost[];
  readonly clients: SimulatedClient[];
  #due: { atMs: number; order: number; action: () => void }[] = [];
  #order = 0;
  readonly #lastMs = new Map<string, number>();

  constructor(random: Random, hostCount: number, clientCount: number) {
    this.random = random;
    this.hosts = Array.from(
      { length: hostCount },
      (_, index) => new SimulatedHost(this, `h${index}`, 1 + random.below(4)),
    );
    this.clients = Array.from({ length: clientCount }, (_, index) => new SimulatedClient(this, `c${index}`));
    for (const host of this.hosts) host.beat();
  }

  later(ms: number, action: () => void): void {
    this.#due.push({ atMs: this.nowMs + ms, order: this.#order++, action });
  }

  /** Delivers after some time, never before what was sent on the same way earlier. */
  send(way: string, action: () => void): void {
    const atMs = Math.max(this.nowMs + 0.1 + this.random.next() * 5, this.#lastMs.get(way) ?? 0);
    this.#lastMs.set(way, atMs);
    this.#due.push({ atMs, order: this.#order++, action });
  }

  run(untilMs: number): void {
    for (;;) {
      let next = this.#due[0];
      for (const each of this.#due)
        if (each.atMs < next!.atMs || (each.atMs === next!.atMs && each.order < next!.order)) next = each;
      if (next === undefined || next.atMs > untilMs) return;
      this.#due.splice(this.#due.indexOf(next), 1);
      this.nowMs = next.atMs;
      next.action();
      this.check();
    }
  }

  /** What all think that they hold is never more than there is. */
  check(): void {
    for (const { id, cpus } of this.hosts) {
      let held = 0;
      for (const { bundles } of this.clients.flatMap(({ groups }) => groups))
        for (const { hostId, need } of bundles) if (hostId === id) held += need.cpu!;
      assert.ok(held <= cpus, `${held} cpus of ${cpus} are held of ${id}`);
    }
  }
}

class SimulatedHost {
  readonly id: string;
  readonly cpus: number;
  readonly #cluster: Cluster;
  readonly queue: HostQueue<QueuedTask>;
  isGone = false;

  constructor(cluster: Cluster, id: string, cpus: number) {
    this.id = id;
    this.cpus = cpus;
    this.#cluster = cluster;
    this.queue = new HostQueue<QueuedTask>({
      resources: { cpu: cpus },
      typicalMs: () => 10,
      start: (task) => cluster.later(cluster.random.next() * 20, () => this.queue.ended(task, cluster.nowMs)),
      expired: () => {},
      settled: ({ owner, group, attempt }) =>
        this.#tell(owner, { kind: "reserved", group, attempt, isHeld: true }),
    });
    const [waiting] = [cluster.random.below(4)];
    for (let each = 0; each < waiting; each++) {
      this.queue.push(
        {
          ...{ owner: "x", priority: 0, depth: 0, shape: "", estimateMs: 10, queuedMs: 0, hasEnded: false },
          ...{ need: defaultNeed, bundle: undefined, taken: undefined, expiresMs: undefined },
          ...{ canMove: false, hops: 0 },
        },
        0,
      );
    }
  }

  beat(): void {
    if (this.isGone) return;
    const { queued, running, waitMs } = this.queue.load;
    const heartbeat: Heartbeat = {
      ...{ v: 1, host: this.id, epoch: 1, cpus: this.cpus, queued, running, waitMs, state: "up" },
      unreserved: this.queue.unreserved,
    };
    for (const client of this.#cluster.clients)
      this.#cluster.send(`${this.id} load ${client.id}`, () => client.heard(heartbeat));
    this.#cluster.later(100, () => this.beat());
  }

  receive(from: string, message: Reserve): void {
    if (this.isGone) return;
    const { group } = message;
    if (message.kind === "unreserve") {
      this.queue.unreserve(group, message.indexes, this.#cluster.nowMs);
      return;
    }
    const { attempt, bundles } = message;
    if (!this.queue.reserve(from, group, attempt, bundles))
      this.#tell(from, { kind: "reserved", group, attempt, isHeld: false });
  }

  #tell(to: string, message: Reserved): void {
    const client = this.#cluster.clients.find(({ id }) => id === to)!;
    this.#cluster.send(`${this.id} ${to}`, () => {
      if (!this.isGone) client.table.told(this.id, message);
    });
  }
}

class SimulatedClient {
  readonly id: string;
  readonly #cluster: Cluster;
  readonly #hosts = new HostTable();
  readonly table: GroupTable;
  readonly groups: { id: string; bundles: readonly Bundle[] }[] = [];
  readonly ends: string[] = [];

  constructor(cluster: Cluster, id: string) {
    this.id = id;
    this.#cluster = cluster;
    this.table = new GroupTable({
      ...{ hosts: this.#hosts, infeasibleAfterMs: 500, moved: () => {} },
      send: (hostId, message) => {
        const host = cluster.hosts.find((host) => host.id === hostId)!;
        cluster.send(`${id} ${hostId}`, () => host.receive(id, message));
      },
      nowMs: () => cluster.nowMs,
      random: () => cluster.random.next(),
    });
    this.#tick();
  }

  heard(heartbeat: Heartbeat): void {
    this.#hosts.heard(heartbeat, this.#cluster.nowMs);
    this.table.tick();
  }

  /** Reserves a group, has it for a while, and gives it back. */
  want(id: string, cpus: number[]): void {
    const { random } = this.#cluster;
    const request = { needs: cpus.map((cpu) => ({ cpu })), strategy: random.pick(strategies) };
    const group: { id: string; bundles: readonly Bundle[] } = { id, bundles: [] };
    this.groups.push(group);
    group.bundles = this.table.add(id, request, (error) => {
      this.ends.push(error === undefined ? "ready" : (error as Error & { code: string }).code);
      if (error === undefined) this.#cluster.later(random.next() * 50, () => this.table.remove(id));
    });
  }

  #tick(): void {
    for (const { id } of this.#hosts.takeLost(this.#cluster.nowMs)) this.table.hostLost(id);
    this.table.tick();
    this.#cluster.later(20, () => this.#tick());
  }
}

test("groups of clients that race never hold more than there is, each gets its own or hears why not, and all comes back", () => {
  forSeeds(600, (random) => {
    const cluster = new Cluster(random, 1 + random.below(5), 1 + random.below(4));
    let count = 0;
    for (const client of cluster.clients) {
      for (let each = random.below(4); each >= 0; each--) {
        const cpus = Array.from({ length: 1 + random.below(4) }, () => 1 + random.below(2));
        cluster.later(random.next() * 200, () => client.want(`${client.id}-${count++}`, cpus));
      }
    }
    cluster.run(6_000);
    for (const { id, groups, ends } of cluster.clients) {
      assert.is(ends.length, groups.length, `each group of ${id} has ended`);
      for (const end of ends) assert.ok(["ready", "INFEASIBLE_TASK"].includes(end), end);
    }
    for (const { id, queue } of cluster.hosts) {
      assert.ok(queue.isWhole, `all of ${id} is free`);
      assert.is(queue.unreserved, undefined);
    }
  });
});

test("two clients that race for the last slot: one gets it, and the other when that is given back", () => {
  forSeeds(300, (random) => {
    const cluster = new Cluster(random, 1, 2);
    const { cpus } = cluster.hosts[0]!;
    cluster.run(50);
    for (const client of cluster.clients) client.want(`${client.id}-group`, [cpus]);
    cluster.run(5_000);
    for (const { ends } of cluster.clients) assert.equal(ends, ["ready"]);
  });
});

test("what was on a host that is lost is reserved anew on the others", () => {
  forSeeds(300, (random) => {
    const cluster = new Cluster(random, 2 + random.below(4), 2);
    for (const client of cluster.clients) {
      for (let each = 0; each < 3; each++)
        cluster.later(random.next() * 100, () => client.want(`${client.id}-${each}`, [1]));
    }
    const gone = random.pick(cluster.hosts);
    cluster.later(random.next() * 150, () => {
      gone.isGone = true;
    });
    cluster.run(6_000);
    for (const { ends } of cluster.clients) assert.equal(ends, ["ready", "ready", "ready"]);
    for (const host of cluster.hosts) if (!host.isGone) assert.ok(host.queue.isWhole);
  });
});
