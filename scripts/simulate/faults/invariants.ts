import { decodePeerMemory } from "../../../scheduler/protocol/codec.ts";
import type { Cluster } from "./cluster.ts";
import { subjects } from "./cluster.ts";
import type { Submitted } from "./task.ts";
import { shownTask } from "./task.ts";
import type { Insides } from "./watch.ts";

// What has to be so after every run, whatever has happened in it. Each returns what is wrong.

/** What a run has seen of faults, by which it is told whether an error has a reason. */
export type Causes = {
  /** How many mishaps can have cost hosts their tasks. */
  lossCount: number;
  /** How many of them can have cost a client all its hosts at once. */
  clientLossCount: number;
  /** How often the workers of each task have died. */
  crashes: ReadonlyMap<string, number>;
};

/** Every task has exactly one outcome: the right value, or an error that has a reason. */
export function wrongOutcomes(tasks: Iterable<Submitted>, causes: Causes): string[] {
  const wrong: string[] = [];
  const reasons = new Map<Submitted, Set<string>>();
  for (const task of tasks) {
    if (task.endCount !== 1) wrong.push(`${shownTask(task)}: has ended ${task.endCount} times`);
    for (const each of task.wrong) wrong.push(`${shownTask(task)}: ${each}`);
    for (const error of [task.error, task.fetchError]) {
      if (error !== undefined && !reasonsOf(task, causes, reasons).has(error.code ?? ""))
        wrong.push(`${shownTask(task)}: ${error.code}, for which there is no reason: ${error.message}`);
    }
  }
  return wrong;
}

/** The errors that a task may end with: its own, and those of what it takes. */
function reasonsOf(task: Submitted, causes: Causes, known: Map<Submitted, Set<string>>): Set<string> {
  const before = known.get(task);
  if (before !== undefined) return before;
  const { mayFailWith, id, maxRetries, takes, kernel } = task;
  const { lossCount, clientLossCount } = causes;
  const crashCount = causes.crashes.get(id) ?? 0;
  const codes = new Set(mayFailWith);
  // Each loss and each crash has cost at most one of its attempts.
  if (lossCount + crashCount > maxRetries) {
    if (lossCount > 0) codes.add("HOST_DIED");
    if (crashCount > 0) codes.add("WORKER_CRASHED");
  }
  // Those that a nested task submits are not seen here; they may lose as often.
  if (kernel === "nested") for (const code of ["HOST_DIED", "WORKER_CRASHED"]) codes.add(code);
  // It is made again as long as that is so, and what was put cannot be once nobody holds it.
  const isGone = takes.some(({ kernel, isDropped }) => kernel === "put" && isDropped);
  if (kernel === "put" && Number.isFinite(maxRetries) && clientLossCount > 0) codes.add("OBJECT_LOST");
  if (lossCount > 0 && (lossCount + crashCount > maxRetries || isGone || kernel === "items"))
    codes.add("OBJECT_LOST");
  for (const taken of takes) for (const code of reasonsOf(taken, causes, known)) codes.add(code);
  known.set(task, codes);
  return codes;
}

/** Nothing is seen of what a host began for a client before that gave it up. */
export function fencedResults(cluster: Cluster, insides: Insides, tasks: Iterable<Submitted>): string[] {
  const wrong: string[] = [];
  for (const task of tasks) {
    if (task.witness === undefined) continue;
    const run = cluster.begun[task.witness];
    if (run?.taskId !== task.id) {
      wrong.push(`${shownTask(task)}: has the result of ${run?.taskId}`);
      continue;
    }
    const fence = insides.fences.find(
      ({ client, hostId, atMs }) =>
        client === task.client.process && hostId === run.hostId && atMs > run.atMs && atMs < task.endMs!,
    );
    if (fence !== undefined)
      wrong.push(
        `${shownTask(task)}: has the result of what ${run.hostId} began at ${run.atMs} ms, ` +
          `and that was given up at ${fence.atMs} ms`,
      );
  }
  return wrong;
}

/** No count of refs is below zero. */
export const negativeCounts = (insides: Insides): string[] =>
  insides.entries
    .filter(({ heldCount, users }) => heldCount < 0 || users < 0)
    .map(({ id, heldCount, users }) => `object ${id} has ${heldCount} refs and ${users} users`);

/** No object is left when nobody holds a ref: neither in the tables of clients nor in the stores of hosts. */
export async function leftObjects(cluster: Cluster): Promise<string[]> {
  const left = cluster.liveClients.flatMap(({ process, submitter }) =>
    submitter
      .memory()
      .objects.map(({ id, holders }) => `${process.name} owns ${id}, held by ${JSON.stringify(holders)}`),
  );
  if (left.length > 0) return left;
  for (const { id } of cluster.liveHosts) {
    const answer = await cluster.ask(subjects.memory({ kind: "host", id })).catch(() => undefined);
    if (answer === undefined) {
      left.push(`host ${id} does not answer`);
      continue;
    }
    // What is freed waits for garbage collection, which is not simulated.
    for (const object of decodePeerMemory(answer).objects)
      if (object.label?.endsWith(", freed") !== true)
        left.push(`host ${id} has ${object.id} of ${object.owner}: ${object.label}`);
  }
  return left;
}

/** What a host offers is what it has: nothing runs, waits, or is reserved. */
export const takenResources = (cluster: Cluster): string[] =>
  cluster.liveHosts.flatMap(({ id }) => {
    const said = cluster.heard.get(id);
    if (said === undefined) return [`host ${id} says nothing`];
    const { queued, running, unreserved } = said;
    if (queued === 0 && running === 0 && unreserved === undefined) return [];
    return [
      `host ${id} has ${queued} tasks waiting, ${running} running, ${JSON.stringify(unreserved)} unreserved`,
    ];
  });

/** Whoever has left has no timer. */
export const leftTimers = (cluster: Cluster): string[] =>
  [...cluster.hosts, ...cluster.clients]
    .filter(({ process, hasLeft }) => hasLeft && process.state === "running" && process.timers.size > 0)
    .map(({ process }) => `${process.name} has left, and has ${process.timers.size} timers`);
