import { ItemStream, type Next } from "../../../scheduler/dataflow/item-stream.ts";
import type { ItemSink, TaskTemplate } from "../../../scheduler/dataflow/pending-task.ts";
import { type Strategy, strategies } from "../../../scheduler/groups/plan.ts";
import type { Keeper, KeptState, ReadyState } from "../../../scheduler/ownership/object-table.ts";
import type { Encoded } from "../../../scheduler/protocol/value.ts";
import type { ClientMember } from "./cluster.ts";
import { digestOf, itemOf, type KernelName, largeOf, mix, resultOf, sameValue, sha256 } from "./kernels.ts";
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

/** What one client does: tasks of all kinds, at random times, whose results it knows before. */
export class Program {
  readonly client: ClientMember;
  readonly submitted: Submitted[] = [];
  /** Groups that are wanted, and those that are reserved. */
  readonly groups: { id: string | undefined; error: unknown; isGiven: boolean }[] = [];
  readonly #world: World;
  readonly #random: () => number;
  readonly #templates = new Map<string, TaskTemplate>();
  /** Things that are to be done yet, such as to read a stream. */
  busyCount = 0;

  constructor(world: World, client: ClientMember, random: () => number) {
    this.#world = world;
    this.client = client;
    this.#random = random;
  }

  /** Does something at random, now. */
  work(): void {
    if (this.client.hasLeft) return;
    const works: (() => void)[] = [
      () => this.#independent(),
      () => this.#independent(),
      () => this.#chain(),
      () => this.#tree(),
      () => this.#shared(),
      () => this.#put(),
      () => this.#cancelled(),
      () => this.#late(),
      () => this.#nested(),
      () => this.#witnesses(),
      () => this.#failing(),
      () => this.#special(),
      () => this.#stream(),
      () => this.#group(),
    ];
    works[this.#below(works.length)]!();
  }

  /** A task that takes all of one host: it can only run there when nothing else does. */
  probe(hostId: string, need: Record<string, number>): Submitted {
    return this.#submit("small", [1], { where: { host: hostId }, need });
  }

  /** Lets go of all that it still holds. */
  dropAll(): void {
    for (const task of this.submitted) this.#drop(task);
  }

  #independent(): void {
    const isKept = this.#random() < 0.5;
    for (let left = 1 + this.#below(20); left > 0; left--) {
      const task = this.#submit(this.#pick(["small", "small", "text", "large"]), [this.#number()], {
        isKept,
      });
      if (this.#random() < 0.1) this.#drop(task);
    }
  }

  #chain(): void {
    const kernel = this.#pick(["small", "large"] as const);
    let last = this.#submit(kernel, [this.#number()]);
    for (let left = this.#below(12); left > 0; left--) {
      const next = this.#submit(this.#pick([kernel, "text"]), [last]);
      if (this.#random() < 0.5) this.#drop(last);
      last = next;
    }
  }

  #tree(): void {
    let level = Array.from({ length: 4 }, () =>
      this.#submit(this.#pick(["small", "large"]), [this.#number()]),
    );
    while (level.length > 1) {
      const above: Submitted[] = [];
      for (let at = 0; at < level.length; at += 2)
        above.push(this.#submit(this.#pick(["small", "text", "large"]), level.slice(at, at + 2)));
      for (const task of level) if (this.#random() < 0.5) this.#drop(task);
      level = above;
    }
  }

  /** A large result that several take. */
  #shared(): void {
    const large = this.#submit("large", [this.#number()]);
    for (let left = 2 + this.#below(8); left > 0; left--)
      this.#submit(this.#pick(["small", "large"]), [large, this.#number()]);
    if (this.#random() < 0.5) this.#drop(large);
    // By then its host may be gone, and it has to be made again.
    else this.#later(2_000 * this.#random(), () => this.#fetchAgain(large));
  }

  #put(): void {
    const value = largeOf(20_000, this.#number());
    const { submitter } = this.client;
    const replicas = 1 + this.#below(3);
    // What is here is never lost; what is on hosts, when all of them are.
    const mostLosses = replicas === 1 ? Number.POSITIVE_INFINITY : replicas - 1;
    const put = this.#record(submitter.put(value, [], replicas), "put", [], mostLosses, value);
    put.endCount = 1;
    put.endMs = this.#world.nowMs;
    for (let left = 1 + this.#below(4); left > 0; left--) this.#submit("small", [put, this.#number()]);
    if (this.#random() < 0.5) this.#drop(put);
    else this.#later(500 * this.#random(), () => this.#fetchAgain(put));
  }

  /** What is ready is asked for once more, wherever it is by now. */
  #fetchAgain(task: Submitted): void {
    if (task.isDropped || task.error !== undefined) return;
    task.isFetched = false;
    const { submitter } = this.client;
    submitter.whenReady(task.id, (state) => void this.#fetch(task, state));
  }

  #cancelled(): void {
    const task = this.#submit(this.#pick(["small", "large", "nested"]), [this.#number()]);
    const taker = this.#submit("small", [task]);
    for (const each of [task, taker]) each.mayFailWith.add("TASK_CANCELLED");
    this.#later(200 * this.#random(), () => this.client.submitter.cancel(this.#pick([task, taker]).id));
  }

  #late(): void {
    const isTtl = this.#random() < 0.5;
    const ms = 1 + this.#below(500);
    const options = isTtl ? { ttlMs: ms } : { deadlineMs: ms };
    const task = this.#submit("small", [this.#number()], options);
    task.mayFailWith.add("TASK_EXPIRED").add("TASK_TIMEOUT");
  }

  #nested(): void {
    for (let left = 1 + this.#below(4); left > 0; left--) this.#submit("nested", [this.#number()]);
  }

  #witnesses(): void {
    for (let left = 1 + this.#below(10); left > 0; left--) this.#submit("witness", []);
  }

  #failing(): void {
    const task = this.#submit("fails", [this.#number()]);
    this.#submit("small", [this.#submit("small", [task])]);
  }

  /** Tasks that need more than a cpu. */
  #special(): void {
    for (let left = 1 + this.#below(6); left > 0; left--)
      this.#submit("small", [this.#number()], { need: { cpu: 1, tape: 1 } });
  }

  #stream(): void {
    const [count, maxUnread] = [1 + this.#below(12), 1 + this.#below(4)];
    const { submitter } = this.client;
    type Item = { id: string; state: ReadyState; free(): void };
    let id = "";
    const stream = new ItemStream<Item>({ maxUnread, tell: (taken) => submitter.taken(id, taken) });
    const itemFor = (id: string, state: ReadyState): Item => {
      if (state.kind === "remote") submitter.own(id, state);
      return { id, state, free: () => state.kind === "remote" && submitter.drop(id) };
    };
    const seed = this.#number();
    const task = this.#submit("items", [count, seed], {
      stream: maxUnread,
      items: {
        takenCount: () => stream.takenCount,
        add: (index, id, state) => stream.add(index, () => itemFor(id, state)),
        lose: (isLost) => stream.lose(({ id }) => isLost(id)),
        end: (error) => stream.end(error),
      },
    });
    id = task.id;
    let index = 0;
    this.busyCount++;
    const take = (next: Next<Item>) => {
      if (next.kind !== "item") {
        this.busyCount--;
        if (next.kind === "done" && index !== count)
          task.wrong.push(`the stream had ${index} of ${count} items`);
        return;
      }
      const expected = itemOf(mix([count, seed]), index++);
      void this.#itemValue(task, next.item).then((value) => {
        if (value !== undefined && !sameValue(value, expected)) task.wrong.push(`item ${index - 1} is wrong`);
        next.item.free();
        this.#later(20 * this.#random(), () => stream.next(take));
      });
    };
    stream.next(take);
  }

  async #itemValue(
    task: Submitted,
    { id, state }: { id: string; state: ReadyState },
  ): Promise<Encoded | undefined> {
    try {
      return state.kind === "local" ? state.value : await this.client.submitter.fetch(id, state);
    } catch (error) {
      task.fetchError = error as Error;
      return undefined;
    }
  }

  #group(): void {
    const { submitter } = this.client;
    const group: Program["groups"][number] = { id: undefined, error: undefined, isGiven: false };
    this.groups.push(group);
    const strategy: Strategy = this.#pick(strategies);
    const needs = Array.from({ length: 1 + this.#below(3) }, () => ({ cpu: 1 }));
    const timeoutMs = this.#random() < 0.3 ? 1 + this.#below(1_000) : undefined;
    this.busyCount++;
    submitter.reserve({ needs, strategy, timeoutMs }).then(
      ({ id, bundles }) => {
        group.id = id;
        let leftCount = 0;
        const ended = () => {
          if (--leftCount > 0) return;
          submitter.unreserve(id);
          group.isGiven = true;
          this.busyCount--;
        };
        for (const bundle of bundles) {
          for (let left = this.#below(3); left >= 0; left--) {
            leftCount++;
            const task = this.#submit("small", [this.#number()], { bundle, need: { cpu: 1 } });
            // What is lost with a host may have no room on those that are left.
            task.mayFailWith.add("INFEASIBLE_TASK");
            submitter.whenReady(task.id, ended);
          }
        }
      },
      (error) => {
        group.error = error;
        group.isGiven = true;
        this.busyCount--;
      },
    );
  }

  #submit(kernel: KernelName, args: readonly (number | Submitted)[], options: Options = {}): Submitted {
    const { submitter } = this.client;
    const { items, isKept, ...others } = options;
    const template = this.#template(kernel, {
      maxRetries: mostRetries[this.#below(mostRetries.length)]!,
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
    const task = this.#record(id, kernel, takes, template.maxRetries, expected);
    if (kernel === "fails") task.mayFailWith.add("TASK_ERROR");
    if (keeper?.own !== undefined) this.#ended(task, keeper.own);
    else submitter.whenReady(id, (state) => this.#ended(task, state));
    return task;
  }

  #record(
    id: string,
    kernel: Submitted["kernel"],
    takes: readonly Submitted[],
    maxRetries: number,
    expected: Encoded | undefined,
  ): Submitted {
    const task: Submitted = {
      ...{ client: this.client, id, kernel, takes, maxRetries, expected, mayFailWith: new Set<string>() },
      ...{ endCount: 0, endMs: undefined, error: undefined, fetchError: undefined, isFetched: true },
      ...{ wrong: [], witness: undefined, isDropped: false },
    };
    this.submitted.push(task);
    return task;
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
      task.fetchError = error as Error;
    }
    task.isFetched = true;
  }

  #look(task: Submitted, value: Encoded): void {
    if (task.kernel === "witness") task.witness = digestOf(value);
    else if (task.expected === undefined || !sameValue(value, task.expected))
      task.wrong.push(`its value is wrong: ${digestOf(value)}`);
  }

  #drop(task: Submitted): void {
    if (task.isDropped) return;
    task.isDropped = true;
    this.client.submitter.drop(task.id);
  }

  #later(ms: number, action: () => void): void {
    this.busyCount++;
    setTimeout(() => {
      this.busyCount--;
      action();
    }, ms);
  }

  #number(): number {
    return this.#below(2 ** 30);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
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
