import { ItemStream, type Next } from "../../../scheduler/dataflow/item-stream.ts";
import { type Strategy, strategies } from "../../../scheduler/groups/plan.ts";
import type { ReadyState } from "../../../scheduler/ownership/object-table.ts";
import type { Encoded } from "../../../scheduler/protocol/value.ts";
import type { ClientMember } from "./cluster.ts";
import { itemOf, largeOf, mix, sameValue } from "./kernels.ts";
import { Sharing } from "./sharing.ts";
import type { Submitted } from "./task.ts";
import { Tasks } from "./tasks.ts";
import type { World } from "./world.ts";

/** What one client does: tasks of all kinds, at random times, whose results it knows before. */
export class Program {
  readonly client: ClientMember;
  /** What became of its placement groups that should not have. */
  readonly wrongGroups: string[] = [];
  readonly #random: () => number;
  readonly #tasks: Tasks;
  readonly #sharing: Sharing;
  #isOver = false;

  /** @param peers all programs of the cluster, also this one */
  constructor(
    world: World,
    client: ClientMember,
    random: () => number,
    peers: () => readonly Program[] = () => [],
  ) {
    this.client = client;
    this.#random = random;
    this.#tasks = new Tasks(world, client, random);
    this.#sharing = new Sharing(world, this.#tasks, random, peers);
  }

  /** What it has submitted and put. */
  get submitted(): readonly Submitted[] {
    return this.#tasks.submitted;
  }

  /** How much it has to do yet, such as to read a stream. */
  get busyCount(): number {
    return this.#tasks.busyCount;
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
      () => this.#lineage(),
      () => this.#sharing.lend(),
      () => this.#sharing.lend(),
    ];
    works[this.#tasks.below(works.length)]!();
  }

  /** Takes what another program shares, unless it has ended meanwhile. */
  take(source: Submitted, owner: string): void {
    if (!this.client.hasLeft && !this.#isOver) this.#sharing.take(source, owner);
  }

  /** A task that takes all of one host: it can only run there when nothing else does. */
  probe(hostId: string, need: Record<string, number>): Submitted {
    return this.#tasks.submit("small", [1], { where: { host: hostId }, need });
  }

  /** Lets go of all that it still holds, and does nothing more. */
  dropAll(): void {
    this.#isOver = true;
    for (const task of this.submitted) this.#tasks.drop(task);
  }

  #independent(): void {
    const isKept = this.#random() < 0.5;
    for (let left = 1 + this.#tasks.below(20); left > 0; left--) {
      const task = this.#tasks.submit(
        this.#tasks.pick(["small", "small", "text", "large"]),
        [this.#tasks.number()],
        {
          isKept,
        },
      );
      if (this.#random() < 0.1) this.#tasks.drop(task);
    }
  }

  #chain(): void {
    const kernel = this.#tasks.pick(["small", "large"] as const);
    let last = this.#tasks.submit(kernel, [this.#tasks.number()]);
    for (let left = this.#tasks.below(12); left > 0; left--) {
      const next = this.#tasks.submit(this.#tasks.pick([kernel, "text"]), [last]);
      if (this.#random() < 0.5) this.#tasks.drop(last);
      last = next;
    }
  }

  #tree(): void {
    let level = Array.from({ length: 4 }, () =>
      this.#tasks.submit(this.#tasks.pick(["small", "large"]), [this.#tasks.number()]),
    );
    while (level.length > 1) {
      const above: Submitted[] = [];
      for (let at = 0; at < level.length; at += 2)
        above.push(this.#tasks.submit(this.#tasks.pick(["small", "text", "large"]), level.slice(at, at + 2)));
      for (const task of level) if (this.#random() < 0.5) this.#tasks.drop(task);
      level = above;
    }
  }

  /** A large result that several take. */
  #shared(): void {
    const large = this.#tasks.submit("large", [this.#tasks.number()]);
    for (let left = 2 + this.#tasks.below(8); left > 0; left--)
      this.#tasks.submit(this.#tasks.pick(["small", "large"]), [large, this.#tasks.number()]);
    if (this.#random() < 0.5) this.#tasks.drop(large);
    // By then its host may be gone, and it has to be made again.
    else this.#tasks.later(2_000 * this.#random(), () => this.#tasks.fetchAgain(large));
  }

  /** Large results made of each other, of which only the last is held: it may have to be made again from the first on. */
  #lineage(): void {
    let level = [this.#tasks.submit("large", [this.#tasks.number()])];
    for (let left = 2 + this.#tasks.below(5); left > 0; left--) {
      const next = Array.from({ length: 1 + this.#tasks.below(2) }, () =>
        this.#tasks.submit("large", [...level, this.#tasks.number()]),
      );
      for (const task of level) this.#tasks.drop(task);
      level = next;
    }
    for (const task of level) this.#tasks.later(3_000 * this.#random(), () => this.#tasks.fetchAgain(task));
  }

  #put(): void {
    const put = this.#tasks.put(largeOf(20_000, this.#tasks.number()), 1 + this.#tasks.below(3));
    for (let left = 1 + this.#tasks.below(4); left > 0; left--)
      this.#tasks.submit("small", [put, this.#tasks.number()]);
    if (this.#random() < 0.5) this.#tasks.drop(put);
    else this.#tasks.later(500 * this.#random(), () => this.#tasks.fetchAgain(put));
  }

  #cancelled(): void {
    const task = this.#tasks.submit(this.#tasks.pick(["small", "large", "nested"]), [this.#tasks.number()]);
    const taker = this.#tasks.submit("small", [task]);
    for (const each of [task, taker]) each.mayFailWith.add("TASK_CANCELLED");
    this.#tasks.later(200 * this.#random(), () =>
      this.client.submitter.cancel(this.#tasks.pick([task, taker]).id),
    );
  }

  #late(): void {
    const isTtl = this.#random() < 0.5;
    const ms = 1 + this.#tasks.below(500);
    const options = isTtl ? { ttlMs: ms } : { deadlineMs: ms };
    const task = this.#tasks.submit("small", [this.#tasks.number()], options);
    task.mayFailWith.add("TASK_EXPIRED").add("TASK_TIMEOUT");
  }

  #nested(): void {
    for (let left = 1 + this.#tasks.below(4); left > 0; left--)
      this.#tasks.submit("nested", [this.#tasks.number()]);
  }

  #witnesses(): void {
    for (let left = 1 + this.#tasks.below(10); left > 0; left--) this.#tasks.submit("witness", []);
  }

  #failing(): void {
    const task = this.#tasks.submit("fails", [this.#tasks.number()]);
    this.#tasks.submit("small", [this.#tasks.submit("small", [task])]);
  }

  /** Tasks that need more than a cpu. */
  #special(): void {
    for (let left = 1 + this.#tasks.below(6); left > 0; left--)
      this.#tasks.submit("small", [this.#tasks.number()], { need: { cpu: 1, tape: 1 } });
  }

  #stream(): void {
    const [count, maxUnread] = [1 + this.#tasks.below(12), 1 + this.#tasks.below(4)];
    const { submitter } = this.client;
    type Item = { id: string; state: ReadyState; free(): void };
    let id = "";
    const stream = new ItemStream<Item>({ maxUnread, tell: (taken) => submitter.taken(id, taken) });
    const itemFor = (id: string, state: ReadyState): Item => {
      if (state.kind === "remote") submitter.own(id, state);
      return { id, state, free: () => state.kind === "remote" && submitter.drop(id) };
    };
    const seed = this.#tasks.number();
    const task = this.#tasks.submit("items", [count, seed], {
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
    this.#tasks.busyCount++;
    const take = (next: Next<Item>) => {
      if (next.kind !== "item") {
        this.#tasks.busyCount--;
        if (next.kind === "done" && index !== count)
          task.wrong.push(`the stream had ${index} of ${count} items`);
        return;
      }
      const expected = itemOf(mix([count, seed]), index++);
      void this.#itemValue(task, next.item).then((value) => {
        if (value !== undefined && !sameValue(value, expected)) task.wrong.push(`item ${index - 1} is wrong`);
        next.item.free();
        this.#tasks.later(20 * this.#random(), () => stream.next(take));
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
      this.#tasks.failedToFetch(task, error as Error);
      return undefined;
    }
  }

  #group(): void {
    const { submitter } = this.client;
    const strategy: Strategy = this.#tasks.pick(strategies);
    const needs = Array.from({ length: 1 + this.#tasks.below(3) }, () => ({ cpu: 1 }));
    const timeoutMs = this.#random() < 0.3 ? 1 + this.#tasks.below(1_000) : undefined;
    this.#tasks.busyCount++;
    submitter.reserve({ needs, strategy, timeoutMs }).then(
      ({ id, bundles }) => {
        let leftCount = 0;
        const ended = () => {
          if (--leftCount > 0) return;
          submitter.unreserve(id);
          this.#tasks.busyCount--;
        };
        for (const bundle of bundles) {
          for (let left = this.#tasks.below(3); left >= 0; left--) {
            leftCount++;
            const task = this.#tasks.submit("small", [this.#tasks.number()], { bundle, need: { cpu: 1 } });
            // What is lost with a host may have no room on those that are left.
            task.mayFailWith.add("INFEASIBLE_TASK");
            submitter.whenReady(task.id, ended);
          }
        }
      },
      ({ code, message }) => {
        // The hosts may be too small for it.
        const isExplained = code === "INFEASIBLE_TASK" || (code === "GET_TIMEOUT" && timeoutMs !== undefined);
        if (!isExplained) this.wrongGroups.push(`a placement group: ${code}, ${message}`);
        this.#tasks.busyCount--;
      },
    );
  }
}
