import { decodePeerMemory } from "../../../scheduler/protocol/codec.ts";
import { type Causes, Explained } from "./causes.ts";
import type { Cluster } from "./cluster.ts";
import { subjects } from "./cluster.ts";
import type { Submitted } from "./task.ts";
import { shownTask } from "./task.ts";
import type { Insides } from "./watch.ts";

// What has to be so after every run, whatever has happened in it. Each returns what is wrong.

/** Every task has exactly one outcome: the right value, or an error that has a reason. */
export function wrongOutcomes(tasks: Iterable<Submitted>, causes: Causes): string[] {
  const wrong: string[] = [];
  const explained = new Explained(causes);
  for (const task of tasks) {
    if (task.endCount !== 1) wrong.push(`${shownTask(task)}: has ended ${task.endCount} times`);
    for (const each of task.wrong) wrong.push(`${shownTask(task)}: ${each}`);
    for (const [error, atMs] of [
      [task.error, task.endMs],
      [task.fetchError, task.fetchErrorMs],
    ] as const) {
      if (error !== undefined && !explained.reasonsOf(task, atMs!).has(error.code ?? ""))
        wrong.push(`${shownTask(task)}: ${error.code}, for which there is no reason: ${error.message}`);
    }
  }
  return wrong;
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
