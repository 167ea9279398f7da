import type { Heartbeat, HostState } from "../protocol/messages.ts";
import type { Candidate } from "./place.ts";

/** A host that has not been heard of for so long gets no new tasks … */
export const suspectMs = 300;
/** … and after so long its tasks are placed elsewhere. */
export const deadMs = 2_000;

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
};

export type HostView = Pick<HostEntry, "id" | "cpus" | "state" | "rssBytes" | "tasksPending" | "tasksRun">;

/** What one client knows about the hosts of its cluster. It knows no clock: times are given. */
export class HostTable {
  readonly #hosts = new Map<string, HostEntry>();

  /** Takes in a heartbeat. Returns whether the host is new. */
  heard({ host: id, epoch, cpus, queued, running, rssBytes, state }: Heartbeat, nowMs: number): boolean {
    const known = this.#hosts.get(id);
    const fresh = { epoch, cpus, state, rssBytes, heardMs: nowMs, reported: queued + running, increments: 0 };
    if (known !== undefined) Object.assign(known, fresh);
    else this.#hosts.set(id, { id, tasksPending: 0, tasksRun: 0, ...fresh });
    return known === undefined;
  }

  sent(id: string): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    host.tasksPending++;
    host.increments++;
  }

  ended(id: string, isCompleted: boolean): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    host.tasksPending--;
    host.increments--;
    if (isCompleted) host.tasksRun++;
  }

  /** After our own silence the hosts could not be heard: they get their time anew. */
  forgive(nowMs: number): void {
    for (const host of this.#hosts.values()) host.heardMs = nowMs;
  }

  /** The hosts that have left, or count as dead, now; they are forgotten. */
  takeLost(nowMs: number): { id: string; hasLeft: boolean }[] {
    const lost = [...this.#hosts.values()].filter(
      ({ state, heardMs }) => state === "left" || nowMs - heardMs > deadMs,
    );
    for (const { id } of lost) this.#hosts.delete(id);
    return lost.map(({ id, state }) => ({ id, hasLeft: state === "left" }));
  }

  /** The hosts that may get tasks now. */
  candidates(nowMs: number): Candidate[] {
    return [...this.#hosts.values()]
      .filter(({ state, heardMs }) => state === "up" && nowMs - heardMs <= suspectMs)
      .map(({ id, cpus, reported, increments, tasksPending }) => ({
        id,
        cpus,
        load: Math.max(reported + increments, tasksPending),
      }));
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
