import type { Heartbeat, HostState } from "../protocol/messages.ts";
import type { Candidate } from "./place.ts";
import { windowOf } from "./window.ts";

/** A host that has not been heard of for so long gets no new tasks … */
export const suspectMs = 300;
/** … and after so long its tasks are placed elsewhere. */
export const deadMs = 2_000;

/** The window is adapted once so much time has passed since the last time. */
const paceMs = 50;

type HostEntry = {
  id: string;
  epoch: number;
  cpus: number;
  state: HostState;
  /** Resident memory of its process, as it said last. */
  rssBytes: number | undefined;
  heardMs: number;
  /** Tasks queued and running there, as it said last. */
  reported: number;
  /** Our own tasks sent there minus those ended since. */
  increments: number;
  /** Our own tasks there now. */
  tasksPending: number;
  /** Our own tasks that ended there with a result. */
  tasksRun: number;
  /** As many of our own tasks as it may have. */
  window: number;
  /** Our own tasks that ended there since the window was adapted, and when that was. */
  endedCount: number;
  pacedMs: number;
  /** How others see it; its load is kept up to date. */
  candidate: Candidate;
};

export type HostView = Pick<HostEntry, "id" | "cpus" | "state" | "rssBytes" | "tasksPending" | "tasksRun">;

/** What one client knows about the hosts of its cluster. It knows no clock: times are given. */
export class HostTable {
  readonly #hosts = new Map<string, HostEntry>();
  /** What `candidates` and `open` have told, as long as it is true; the former until then at the longest. */
  #candidates: HostEntry[] | undefined;
  #open: Candidate[] | undefined;
  #trueUntilMs = 0;

  /** Takes in a heartbeat. Returns whether the host is new. */
  heard({ host: id, epoch, cpus, queued, running, rssBytes, state }: Heartbeat, nowMs: number): boolean {
    const known = this.#hosts.get(id);
    const fresh = { epoch, cpus, state, rssBytes, heardMs: nowMs, reported: queued + running, increments: 0 };
    const host: HostEntry = known ?? {
      ...{ id, tasksPending: 0, tasksRun: 0, ...fresh },
      ...{ window: windowOf({ cpus, endedCount: 0, elapsedMs: 1 }, 0), endedCount: 0, pacedMs: nowMs },
      candidate: { id, cpus, load: 0 },
    };
    Object.assign(host, fresh);
    host.candidate.cpus = cpus;
    adaptWindow(host, nowMs);
    updateLoad(host);
    this.#hosts.set(id, host);
    this.#forgetCandidates();
    return known === undefined;
  }

  sent(id: string): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    host.tasksPending++;
    host.increments++;
    updateLoad(host);
    if (host.tasksPending === host.window) this.#open = undefined;
  }

  ended(id: string, isCompleted: boolean): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    if (host.tasksPending === host.window) this.#open = undefined;
    host.tasksPending--;
    host.increments--;
    host.endedCount++;
    updateLoad(host);
    if (isCompleted) host.tasksRun++;
  }

  /** After our own silence the hosts could not be heard: they get their time anew. */
  forgive(nowMs: number): void {
    for (const host of this.#hosts.values()) host.heardMs = nowMs;
    this.#forgetCandidates();
  }

  /** The hosts that have left, or count as dead, now; they are forgotten. */
  takeLost(nowMs: number): { id: string; hasLeft: boolean }[] {
    const lost = [...this.#hosts.values()].filter(
      ({ state, heardMs }) => state === "left" || nowMs - heardMs > deadMs,
    );
    for (const { id } of lost) this.#hosts.delete(id);
    if (lost.length > 0) this.#forgetCandidates();
    return lost.map(({ id, state }) => ({ id, hasLeft: state === "left" }));
  }

  /** The hosts that may get tasks now. */
  candidates(nowMs: number): readonly Candidate[] {
    return this.#up(nowMs).map(({ candidate }) => candidate);
  }

  /** Those of them that have fewer of our tasks than their window. */
  open(nowMs: number): readonly Candidate[] {
    const up = this.#up(nowMs);
    this.#open ??= up
      .filter(({ tasksPending, window }) => tasksPending < window)
      .map(({ candidate }) => candidate);
    return this.#open;
  }

  #up(nowMs: number): readonly HostEntry[] {
    if (this.#candidates !== undefined && nowMs <= this.#trueUntilMs) return this.#candidates;
    this.#forgetCandidates();
    this.#candidates = [...this.#hosts.values()].filter(
      ({ state, heardMs }) => state === "up" && nowMs - heardMs <= suspectMs,
    );
    this.#trueUntilMs = Math.min(...this.#candidates.map(({ heardMs }) => heardMs + suspectMs));
    return this.#candidates;
  }

  #forgetCandidates(): void {
    this.#candidates = undefined;
    this.#open = undefined;
  }

  has(id: string): boolean {
    return this.#hosts.has(id);
  }

  view(): HostView[] {
    return [...this.#hosts.values()].map(({ id, cpus, state, rssBytes, tasksPending, tasksRun }) => ({
      id,
      cpus,
      state,
      rssBytes,
      tasksPending,
      tasksRun,
    }));
  }
}

function updateLoad({ candidate, reported, increments, tasksPending }: HostEntry): void {
  candidate.load = Math.max(reported + increments, tasksPending);
}

function adaptWindow(host: HostEntry, nowMs: number): void {
  const { cpus, endedCount, pacedMs } = host;
  const elapsedMs = nowMs - pacedMs;
  if (elapsedMs < paceMs) return;
  host.window = windowOf({ cpus, endedCount, elapsedMs }, host.window);
  host.endedCount = 0;
  host.pacedMs = nowMs;
}
