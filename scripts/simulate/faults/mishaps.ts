import type { Causes, Loss } from "./causes.ts";
import type { ClientMember, Cluster, Member } from "./cluster.ts";
import type { Way } from "./network.ts";

/** Something that happened to a process or to the server. */
export type Mishap = { atMs: number; what: string };

/** What happens to processes and to the server of a cluster, at random times. */
export class Mishaps {
  readonly list: Mishap[] = [];
  readonly #losses: Loss[] = [];
  readonly #absences: Causes["absences"][number][] = [];
  #leaveCount = 0;
  readonly #cluster: Cluster;
  readonly #random: () => number;
  /** When all have gone on. */
  #healedMs = 0;
  #hostCount = 0;

  constructor(cluster: Cluster, random: () => number) {
    this.#cluster = cluster;
    this.#random = random;
  }

  /** What they can be the cause of. */
  get causes(): Omit<Causes, "crashes"> {
    return { losses: this.#losses, absences: this.#absences, leaveCount: this.#leaveCount };
  }

  get healedMs(): number {
    return this.#healedMs;
  }

  /** A host of some size, which may come in the place of one that was killed. */
  startHost(id = `h${this.#hostCount++}`): void {
    const cpus = 1 + Math.floor(4 * this.#random());
    this.#cluster.startHost(id, cpus, { tape: 1 });
  }

  /** Lets something happen, now. */
  strike(): void {
    const kinds = [
      () => this.#kill(),
      () => this.#kill(),
      () => this.#freeze(),
      () => this.#freeze(),
      () => this.#cutOff(),
      () => this.#cutOff(),
      () => this.#restartServer(),
      () => this.#join(),
      () => this.#drain(),
      () => this.#clientEnds(),
    ];
    kinds[Math.floor(kinds.length * this.#random())]!();
  }

  #kill(): void {
    const host = this.#pick(this.#cluster.liveHosts);
    if (host === undefined) return;
    this.#lose(0);
    this.#note(`${host.process.name} is killed`);
    this.#cluster.kill(host);
    if (this.#random() < 0.3) return;
    const isSame = this.#random() < 0.5;
    this.#later(this.#someMs(3_000), () => {
      this.#note(isSame ? `${host.process.name} is started again` : "another host joins");
      this.startHost(isSame ? host.id : undefined);
    });
  }

  #freeze(): void {
    const member = this.#pick(this.#anybody());
    if (member === undefined || member.process.state !== "running") return;
    const { world } = this.#cluster;
    const ms = this.#someMs(5_000);
    this.#lose(ms, this.#isClient(member));
    this.#note(`${member.process.name} is frozen for ${ms.toFixed(0)} ms`);
    if (this.#isClient(member) && member.connection.way !== "open") this.#isAbsent(member);
    world.freeze(member.process);
    this.#later(ms, () => world.thaw(member.process));
  }

  #cutOff(): void {
    const member = this.#pick(this.#anybody());
    if (member === undefined || member.connection.way !== "open") return;
    const ways: Way[] = ["stalled", "lossy", "down"];
    const way = this.#pick(ways)!;
    const ms = this.#someMs(4_000);
    this.#lose(ms, this.#isClient(member));
    this.#note(`${member.process.name} is cut off, ${way}, for ${ms.toFixed(0)} ms`);
    if (way === "down") {
      if (this.#isClient(member)) this.#isAbsent(member);
      member.connection.lose();
      member.connection.comeBack(ms);
      this.#healed(ms + 200);
      return;
    }
    member.connection.way = way;
    this.#later(ms, () => {
      if (member.connection.way === way) member.connection.open();
    });
  }

  #restartServer(): void {
    const ms = this.#someMs(500);
    this.#lose(ms, true);
    this.#note(`the server restarts, for ${ms.toFixed(0)} ms`);
    // One that is frozen does not come back with the others: for these, nobody is there.
    for (const client of this.#cluster.liveClients)
      if (client.process.state === "frozen") this.#isAbsent(client);
    this.#cluster.network.restart(ms);
    this.#healed(ms + 200);
  }

  #join(): void {
    this.#note("a host joins");
    this.startHost();
  }

  #drain(): void {
    const host = this.#pick(this.#cluster.liveHosts);
    if (host === undefined || host.host === undefined) return;
    this.#leaveCount++;
    this.#note(`${host.process.name} leaves`);
    // What runs for longer than it waits is given back, and is no retry.
    this.#cluster.stopHost(host, this.#random() < 0.5 ? 2_000 : 50);
  }

  /** A program ends, and hosts hear of it from itself or have to find it out. The last one stays. */
  #clientEnds(): void {
    const { liveClients } = this.#cluster;
    if (liveClients.length < 2) return;
    const client = this.#pick(liveClients)!;
    const isKilled = this.#random() < 0.5;
    this.#isAbsent(client);
    this.#note(`${client.process.name} ${isKilled ? "is killed" : "leaves"}`);
    if (isKilled) this.#cluster.kill(client);
    else this.#cluster.stopClient(client);
  }

  /** It can cost hosts the tasks that they have, from now on, for so long and a while. */
  #lose(ms: number, isOfClient = false): void {
    const { nowMs } = this.#cluster.world;
    this.#losses.push({ atMs: nowMs, untilMs: nowMs + ms, isOfClient });
  }

  /** A client is there for nobody, from now on. */
  #isAbsent({ process }: Member): void {
    this.#absences.push({ process, atMs: this.#cluster.world.nowMs });
  }

  #isClient(member: Member): boolean {
    return this.#cluster.clients.includes(member as ClientMember);
  }

  #anybody(): Member[] {
    const { liveHosts, liveClients } = this.#cluster;
    return this.#random() < 0.7 ? liveHosts : liveClients;
  }

  /** Mostly short. */
  #someMs(mostMs: number): number {
    return mostMs * this.#random() ** 2;
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(items.length * this.#random())];
  }

  #note(what: string): void {
    this.list.push({ atMs: this.#cluster.world.nowMs, what });
  }

  #later(ms: number, action: () => void): void {
    const { world } = this.#cluster;
    this.#healed(ms);
    world.message(world.outside, ms, "mishap", action);
  }

  #healed(ms: number): void {
    this.#healedMs = Math.max(this.#healedMs, this.#cluster.world.nowMs + ms);
  }
}
