import { EmitWindow } from "../../../host/emit-window.ts";
import { ItemStream, type Next } from "../../../scheduler/dataflow/item-stream.ts";
import type { PendingTask } from "../../../scheduler/dataflow/pending-task.ts";
import { TaskTable } from "../../../scheduler/dataflow/task-table.ts";
import { ObjectTable } from "../../../scheduler/ownership/object-table.ts";
import { HostTable } from "../../../scheduler/placement/host-table.ts";
import { RunTimes } from "../../../scheduler/placement/run-times.ts";
import {
  TaskCancelledError,
  TaskError,
  toWireError,
  WorkerCrashedError,
} from "../../../scheduler/protocol/errors.ts";
import { type ItemOutcome, itemIdOf, type Outcome } from "../../../scheduler/protocol/messages.ts";
import { numbering, type Random } from "../seeds.ts";

export const taskId = "client-0";
const cancelled = new TaskCancelledError("module/kernel was cancelled");

type Told = { kind: "item"; index: number; outcome: ItemOutcome } | { kind: "ended"; outcome: Outcome };
type Heard =
  | { kind: "call"; takenCount: number }
  | { kind: "taken"; count: number }
  | { kind: "cancel" }
  | { kind: "release"; id: string };

/** The task on a host: how far it is, and whether it waits. */
type Run = { emittedCount: number; window: EmitWindow; isWaiting: boolean };

type StreamHost = {
  id: string;
  session: number | undefined;
  isDead: boolean;
  run: Run | undefined;
  stored: Set<string>;
  /** What is on its way from it, and to it. Both come in order. */
  told: Told[];
  heard: Heard[];
};

type Item = { id: string; free(): void };

/** A client that reads what one task yields, on hosts that die, forget the client, and give the task back. */
export class SimulatedStream {
  readonly hosts = new Map<string, StreamHost>();
  readonly stream: ItemStream<Item>;
  readonly objects = new ObjectTable((id, hosts) => {
    for (const hostId of hosts) this.#send(hostId, { kind: "release", id });
  });
  /** What the program got, and what it has not let go of. */
  readonly got: Next<Item>[] = [];
  readonly maxUnread: number;
  readonly #itemCount: number;
  readonly #fails: boolean;
  readonly #random: Random;
  readonly #hostTable = new HostTable();
  readonly #tasks: TaskTable;
  readonly #sessions = new Map<string, number>();
  #sessionCount = 0;
  #nowMs = 0;

  constructor(random: Random, hostIds: readonly string[]) {
    this.#random = random;
    this.maxUnread = 1 + random.below(6);
    this.#itemCount = random.below(40);
    this.#fails = random.happens(0.3);
    this.stream = new ItemStream({
      maxUnread: this.maxUnread,
      tell: (count) => {
        const hostId = this.#tasks.hostOf(taskId);
        if (hostId !== undefined) this.#send(hostId, { kind: "taken", count });
      },
    });
    this.#tasks = new TaskTable({
      objects: this.objects,
      hosts: this.#hostTable,
      times: new RunTimes(),
      clientId: "client",
      infeasibleAfterMs: 1_000_000,
      numberOf: numbering(),
      send: (hostId, task) => this.#place(hostId, task),
      cancel: (hostId) => this.#send(hostId, { kind: "cancel" }),
      nowMs: () => this.#nowMs,
      random: random.next,
    });
    for (const id of hostIds) this.start(id);
    this.#tasks.submit(taskId, {
      template: {
        ...{ label: "module/kernel", module: "sha", kernel: "kernel", maxRetries: 1_000 },
        options: { stream: this.maxUnread },
      },
      args: [],
      items: {
        takenCount: () => this.stream.takenCount,
        add: (index, id, state) =>
          this.stream.add(index, () => {
            this.objects.create(id, state);
            return { id, free: () => this.objects.drop(id) };
          }),
        lose: (isLost) => this.stream.lose(({ id }) => isLost(id)),
        end: (error) => this.stream.end(error),
      },
    });
  }

  /** What the program gets in the end, unless it leaves before. */
  get expected(): string[] {
    const items = Array.from({ length: this.#itemCount }, (_, index) => itemIdOf(taskId, index));
    return [...items, this.#fails ? "failed" : "done"];
  }

  /** A host joins; it remembers nothing of one that was called so. */
  start(id: string): void {
    const fresh = { session: undefined, isDead: false, run: undefined, stored: new Set<string>() };
    this.hosts.set(id, { id, ...fresh, told: [], heard: [] });
    this.pass(0);
  }

  /** Time goes on: who is dead is missed, and so is who has forgotten the client. */
  pass(ms: number): void {
    this.#nowMs += ms;
    for (const { id, isDead } of this.hosts.values()) {
      if (!isDead)
        this.#hostTable.heard(
          { v: 1, host: id, epoch: 1, cpus: 2, state: "up", queued: 0, running: 0 },
          this.#nowMs,
        );
    }
    for (const { id } of this.#hostTable.takeLost(this.#nowMs)) this.#lose(id);
    for (const [id, session] of [...this.#sessions]) {
      const host = this.hosts.get(id)!;
      if (!host.isDead && host.session !== session) this.#lose(id);
    }
    this.#tasks.tick();
  }

  /** The task goes on to its next item, or to its end. */
  run(host: StreamHost): void {
    const { run } = host;
    if (host.isDead || run === undefined || run.isWaiting) return;
    const index = run.emittedCount;
    if (index === this.#itemCount) {
      this.#end(
        host,
        this.#fails
          ? { kind: "error", error: toWireError(new TaskError("no more")) }
          : { kind: "value", value: 1 },
      );
      return;
    }
    const id = itemIdOf(taskId, index);
    const isLarge = index % 3 === 1;
    if (isLarge) host.stored.add(id);
    const outcome: ItemOutcome = isLarge
      ? { kind: "stored", bytes: 10_000 }
      : { kind: "value", value: index };
    host.told.push({ kind: "item", index, outcome });
    run.emittedCount++;
    run.isWaiting = true;
    run.window.wait(run.emittedCount, () => {
      run.isWaiting = false;
    });
  }

  /** The host ends the task before it is done, so that it is run again. */
  interrupt(host: StreamHost): void {
    if (host.isDead || host.run === undefined) return;
    const crash = { kind: "error" as const, error: toWireError(new WorkerCrashedError("crash")) };
    this.#end(host, this.#random.happens(0.5) ? crash : { kind: "returned" });
  }

  /** What comes first from a host arrives; an item maybe again, from where the task ran before. */
  deliver(host: StreamHost): void {
    const told = host.told.shift();
    if (told === undefined || host.session !== this.#sessions.get(host.id)) return;
    if (told.kind === "ended") this.#tasks.ended(host.id, taskId, told.outcome);
    else
      for (let time = this.#random.happens(0.2) ? 2 : 1; time > 0; time--)
        this.#tasks.yielded(host.id, taskId, told.index, told.outcome);
    this.#tasks.placeWaiting();
  }

  /** The same for what comes to a host. */
  hear(host: StreamHost): void {
    const heard = host.heard.shift();
    if (heard === undefined || host.isDead) return;
    if (heard.kind === "release") host.stored.delete(heard.id);
    else if (heard.kind === "call") {
      const window = new EmitWindow(this.maxUnread, heard.takenCount);
      host.run = { emittedCount: 0, window, isWaiting: false };
    } else if (heard.kind === "taken") host.run?.window.taken(heard.count);
    else if (host.run !== undefined) this.#end(host, { kind: "error", error: toWireError(cancelled) });
  }

  /** The program asks for what comes next. */
  take(): void {
    this.stream.next((next) => this.got.push(next));
  }

  /** The program leaves. */
  leave(): void {
    this.stream.close();
    this.#tasks.cancel(taskId);
  }

  /** What hosts hold that know the client. */
  stored(): string[] {
    return [...this.hosts.values()]
      .filter(
        ({ id, session, isDead }) => !isDead && session !== undefined && session === this.#sessions.get(id),
      )
      .flatMap(({ stored }) => [...stored]);
  }

  #end(host: StreamHost, outcome: Outcome): void {
    host.run = undefined;
    host.told.push({ kind: "ended", outcome });
  }

  #place(hostId: string, { items }: PendingTask): void {
    const host = this.hosts.get(hostId)!;
    if (!this.#sessions.has(hostId)) {
      this.#sessions.set(hostId, ++this.#sessionCount);
      if (!host.isDead) {
        const session = this.#sessionCount;
        Object.assign(host, { session, run: undefined, stored: new Set(), told: [], heard: [] });
      }
    }
    this.#send(hostId, { kind: "call", takenCount: items!.takenCount() });
  }

  #send(hostId: string, heard: Heard): void {
    const host = this.hosts.get(hostId);
    if (host?.session !== undefined && host.session === this.#sessions.get(hostId)) host.heard.push(heard);
  }

  #lose(hostId: string): void {
    this.#sessions.delete(hostId);
    this.#tasks.hostLost(hostId, false);
  }
}
