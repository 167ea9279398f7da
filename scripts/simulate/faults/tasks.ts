import type { ItemSink, TaskTemplate } from "../../../scheduler/dataflow/pending-task.ts";
import type { Keeper, KeptState, ReadyState } from "../../../scheduler/ownership/object-table.ts";
import type { Encoded } from "../../../scheduler/protocol/value.ts";
import type { ClientMember } from "./cluster.ts";
import { digestOf, type KernelName, resultOf, sameValue, sha256 } from "./kernels.ts";
import type { Submitted } from "./task.ts";
import type { World } from "./world.ts";

type Options = Partial<Pick<TaskTemplate, "maxRetries" | "ttlMs" | "deadlineMs" | "bundle" | "where">> & {
  need?: Record<string, number>;
  /** Whoever keeps a small result that nobody else takes. */
  isKept?: boolean;
  items?: ItemSink;
  stream?: number;
};

const mostRetries = [0, 1, 3, 3, 10];

/** The tasks of one client, what is to come of them, and what comes. */
export class Tasks {
  readonly client: ClientMember;
  readonly submitted: Submitted[] = [];
  /** Things that are to be done yet, such as to read a stream. */
  busyCount = 0;
  readonly #world: World;
  readonly #random: () => number;
  readonly #templates = new Map<string, TaskTemplate>();

  constructor(world: World, client: ClientMember, random: () => number) {
    this.#world = world;
    this.client = client;
    this.#random = random;
  }

  /** What is ready is asked for once more, wherever it is by now. */
  fetchAgain(task: Submitted): void {
    if (task.isDropped || task.error !== undefined) return;
    task.isFetched = false;
    const { submitter } = this.client;
    submitter.whenReady(task.id, (state) => void this.#fetch(task, state));
  }

  submit(kernel: KernelName, args: readonly (number | Submitted)[], options: Options = {}): Submitted {
    const { submitter } = this.client;
    const { items, isKept, ...others } = options;
    const template = this.#template(kernel, {
      maxRetries: mostRetries[this.below(mostRetries.length)]!,
      ...others,
    });
    const takes = args.filter((arg) => typeof arg !== "number");
    const expected =
      kernel === "witness" || kernel === "fails" ? undefined : resultOf(kernel, args.map(digest));
    const keeper = isKept ? new Kept(submitter.newId()) : undefined;
    const id = submitter.submit(
      { template, args: args.map((arg) => (typeof arg === "number" ? arg : arg.id)), items },
      keeper,
    );
    const task = this.record(id, kernel, takes, template.maxRetries, expected);
    if (kernel === "fails") task.mayFailWith.add("TASK_ERROR");
    if (keeper?.own !== undefined) this.#ended(task, keeper.own);
    else submitter.whenReady(id, (state) => this.#ended(task, state));
    return task;
  }

  record(
    id: string,
    kernel: Submitted["kernel"],
    takes: readonly Submitted[],
    maxRetries: number,
    expected: Encoded | undefined,
  ): Submitted {
    const task: Submitted = {
      ...{ client: this.client, id, kernel, takes, maxRetries, expected, mayFailWith: new Set<string>() },
      ...{ startMs: this.#world.nowMs, endCount: 0, endMs: undefined, error: undefined },
      ...{ fetchError: undefined, fetchErrorMs: undefined, isFetched: true },
      ...{ wrong: [], witness: undefined, isDropped: false },
    };
    this.submitted.push(task);
    return task;
  }

  /** A ref of what another client owns. */
  borrow(source: Submitted, owner: string): Submitted {
    const { submitter } = this.client;
    submitter.borrow(source.id, owner);
    const task = this.record(source.id, "borrowed", [source], source.maxRetries, source.expected);
    submitter.whenReady(task.id, (state) => this.#ended(task, state));
    return task;
  }

  failedToFetch(task: Submitted, error: Error): void {
    task.fetchError = error;
    task.fetchErrorMs = this.#world.nowMs;
  }

  put(value: Uint8Array, replicas: number): Submitted {
    // What is here is never lost; what is on hosts, when all of them are.
    const mostLosses = replicas === 1 ? Number.POSITIVE_INFINITY : replicas - 1;
    const put = this.record(this.client.submitter.put(value, [], replicas), "put", [], mostLosses, value);
    put.endCount = 1;
    put.endMs = this.#world.nowMs;
    return put;
  }

  #template(kernel: KernelName, { need, stream, maxRetries = 3, ...others }: Options): TaskTemplate {
    const { bundle } = others;
    const key = JSON.stringify([kernel, need, stream, maxRetries, others]);
    let template = this.#templates.get(key);
    if (template === undefined) {
      const options = {
        ...(need && { need }),
        ...(stream !== undefined && { stream }),
        ...(bundle && { bundle: { group: bundle.group, index: bundle.index } }),
      };
      template = { label: `sim/${kernel}`, module: sha256, kernel, maxRetries, options, ...others };
      // A bundle knows where it is, and another one of the same name does not.
      if (bundle === undefined) this.#templates.set(key, template);
    }
    return template;
  }

  #ended(task: Submitted, state: ReadyState): void {
    task.endCount++;
    task.endMs ??= this.#world.nowMs;
    if (state.kind === "failed") task.error = state.error;
    else if (state.kind === "local") this.#look(task, state.value);
    else if (!task.isDropped && this.#random() < 0.7) {
      task.isFetched = false;
      void this.#fetch(task, state);
    }
  }

  async #fetch(task: Submitted, state: ReadyState): Promise<void> {
    try {
      this.#look(task, await this.client.submitter.fetch(task.id, state));
    } catch (error) {
      this.failedToFetch(task, error as Error);
    }
    task.isFetched = true;
  }

  #look(task: Submitted, value: Encoded): void {
    if (task.kernel === "witness") task.witness = digestOf(value);
    else if (task.expected === undefined || !sameValue(value, task.expected))
      task.wrong.push(`its value is wrong: ${digestOf(value)}`);
  }

  drop(task: Submitted): void {
    if (task.isDropped) return;
    task.isDropped = true;
    this.client.submitter.drop(task.id);
  }

  /** Does something after so long, unless its client has left by then. */
  later(ms: number, action: () => void): void {
    this.busyCount++;
    setTimeout(() => {
      this.busyCount--;
      if (!this.client.hasLeft) action();
    }, ms);
  }

  number(): number {
    return this.below(2 ** 30);
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

const digest = (arg: number | Submitted): number =>
  typeof arg === "number" ? arg : arg.expected === undefined ? 0 : digestOf(arg.expected);

/** A handle, as a program has it. */
class Kept implements Keeper {
  readonly id: string;
  own: KeptState | undefined;

  constructor(id: string) {
    this.id = id;
  }

  take(state: KeptState): void {
    this.own = state;
  }

  leave(): void {}
}
