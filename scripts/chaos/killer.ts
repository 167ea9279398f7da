import { setTimeout as delay } from "node:timers/promises";
import type { Client, Module } from "wray";
import type { NatsServer } from "../nats/index.ts";
import type { ChaosHost } from "./hosts.ts";
import type { Fault, FaultKind, Ledger } from "./ledger.ts";

/** So many hosts stay untouched. */
const leastUp = 2;

export type KillerDeps = {
  random(): number;
  hosts: readonly ChaosHost[];
  server: NatsServer;
  wray: Client;
  stuck: Module;
  ledger: Ledger;
};

/** How often each fault comes, beside the others. */
const shares: [FaultKind, number][] = [
  ["host killed", 4],
  ["host frozen", 3],
  ["host restarted", 1],
  ["worker ended", 3],
  ["server restarted", 1],
];

/** Does one thing after the other to the cluster, chosen by chance, and mends each a while later. */
export class Killer {
  readonly #deps: KillerDeps;
  readonly #mending = new Set<Promise<unknown>>();
  #isServerDown = false;

  constructor(deps: KillerDeps) {
    this.#deps = deps;
  }

  /** Goes on until the signal, and then until all is mended. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#strike(this.#kind());
      await delay(this.#between(100, 1_200), undefined, { signal }).catch(() => {});
    }
    await Promise.all(this.#mending);
  }

  #strike(kind: FaultKind): void {
    const { hosts, ledger } = this.#deps;
    if (kind === "server restarted") {
      if (!this.#isServerDown) this.#mend(this.#restartServer(), ledger.fault(kind));
      return;
    }
    const sound = hosts.filter(({ isUp, isFrozen }) => isUp && !isFrozen);
    const victim = sound[Math.floor(this.#deps.random() * sound.length)];
    if (victim === undefined || (kind !== "worker ended" && sound.length <= leastUp)) return;
    const fault = ledger.fault(kind, victim.id);
    this.#mend(this.#hurt(victim, kind), fault);
  }

  #hurt(host: ChaosHost, kind: Exclude<FaultKind, "server restarted">): Promise<void> {
    switch (kind) {
      case "host killed":
        return this.#restart(host, "SIGKILL");
      case "host restarted":
        return this.#restart(host, "SIGTERM");
      case "host frozen":
        return this.#freeze(host);
      case "worker ended":
        return this.#endWorker(host.id);
    }
  }

  async #restart(host: ChaosHost, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await host.kill(signal);
    await delay(this.#between(100, 3_000));
    await host.start();
  }

  async #freeze(host: ChaosHost): Promise<void> {
    host.freeze();
    await delay(this.#between(50, 4_000));
    host.thaw();
  }

  async #restartServer(): Promise<void> {
    const { server } = this.#deps;
    this.#isServerDown = true;
    await server.kill();
    await delay(this.#between(0, 1_500));
    await server.restart();
    this.#isServerDown = false;
  }

  /** Has a worker run what can't be stopped, and stops it. */
  async #endWorker(hostId: string): Promise<void> {
    const { wray, stuck } = this.#deps;
    const spin = stuck.kernel("spin").options({ host: hostId, timeoutMs: 100, maxRetries: 1_000 });
    const ref = spin.remote();
    await wray.get(ref).catch((error) => {
      if (error.code !== "TASK_TIMEOUT") throw error;
    });
    wray.free(ref);
  }

  #mend(work: Promise<void>, fault: Fault): void {
    const mended = work.then(
      () => {
        fault.mendedMs = performance.now();
      },
      (error) => this.#deps.ledger.losses.push(`${fault.kind}, and it could not be mended: ${error}`),
    );
    this.#mending.add(mended);
    void mended.then(() => this.#mending.delete(mended));
  }

  /** Which comes next. */
  #kind(): FaultKind {
    let left = this.#deps.random() * shares.reduce((sum, [, share]) => sum + share, 0);
    for (const [kind, share] of shares) {
      left -= share;
      if (left < 0) return kind;
    }
    return "host killed";
  }

  #between(leastMs: number, mostMs: number): number {
    return leastMs + this.#deps.random() * (mostMs - leastMs);
  }
}
