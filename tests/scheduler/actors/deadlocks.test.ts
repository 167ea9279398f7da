import { Deadlocks } from "../../../scheduler/actors/deadlocks.ts";
import type { DeadlockError } from "../../../scheduler/protocol/errors.ts";
import type { WaitMessage } from "../../../scheduler/protocol/messages.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds, type Random } from "../seeds.ts";

const test = suite("actors/deadlocks");
const clients = ["a", "b", "c"];
const label = "m/k";

type Waiting = { id: string; to: string; isOver: boolean; end: () => void; error: DeadlockError | undefined };

/** Clients whose messages take a while, and are lost now and then. */
class Waits {
  nowMs = 0;
  readonly all: Waiting[] = [];
  readonly #random: Random;
  readonly #lossRate: number;
  readonly #onTheWay: { atMs: number; to: string; message: WaitMessage }[] = [];
  readonly #deadlocks = new Map<string, Deadlocks>();

  constructor(random: Random, lossRate: number, runsBeside = (_: string) => false) {
    this.#random = random;
    this.#lossRate = lossRate;
    for (const clientId of clients)
      this.#deadlocks.set(
        clientId,
        new Deadlocks({
          clientId,
          publish: (to, message) => this.#publish(to, message),
          runsBeside: (id) => runsBeside(id),
          nowMs: () => this.nowMs,
        }),
      );
  }

  /** Somebody waits at a client, whoever owns it. */
  wait(at: string, id: string, to: string): Waiting {
    const waiting: Waiting = { id, to, isOver: false, end: () => {}, error: undefined };
    const end = this.#deadlocks.get(at)!.wait({ id, label }, { id: to, method: "m" }, (error) => {
      waiting.error ??= error;
      waiting.end();
    });
    waiting.end = () => {
      waiting.isOver = true;
      end();
    };
    this.all.push(waiting);
    return waiting;
  }

  run(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; this.nowMs += 10) {
      if (this.nowMs % 100 === 0) for (const deadlocks of this.#deadlocks.values()) deadlocks.tick();
      for (const each of this.#onTheWay.splice(0)) {
        if (each.atMs > this.nowMs) this.#onTheWay.push(each);
        else this.#deadlocks.get(each.to)!.heard(each.message);
      }
    }
  }

  #publish(to: string, message: WaitMessage): void {
    if (this.#random.happens(this.#lossRate)) return;
    this.#onTheWay.push({ atMs: this.nowMs + this.#random.below(60), to, message });
  }
}

test("what waits for itself is told so, and what waits for something that goes on is not", () => {
  forSeeds(1, (random) => {
    const waits = new Waits(random, 0);
    const [self, other] = [waits.wait("a", "a-1", "a-1"), waits.wait("a", "a-2", "b-7")];
    waits.run(200);
    assert.is(self.error, undefined);
    waits.run(2_000);
    assert.is(self.error?.message, "m/k (a-1) waits for itself");
    assert.is(other.error, undefined);
  });
});

test("of those that wait for each other, one fails, with all of them in its error", () => {
  forSeeds(50, (random) => {
    const waits = new Waits(random, 0.1);
    const ids = ["a-1", "b-1", "c-1", "a-2"];
    const row = ids.map((id, index) => waits.wait(random.pick(clients), id, ids[(index + 1) % ids.length]!));
    const outside = waits.wait("a", "c-9", "a-1");
    waits.run(20_000);
    const failed = row.filter(({ error }) => error !== undefined);
    assert.is(failed.length, 1);
    const { cycle } = failed[0]!.error!.data as { cycle: string[] };
    assert.equal(
      cycle,
      ["a-1", "b-1", "c-1", "a-2", "a-1"].map((id) => `m/k (${id})`),
    );
    assert.is(outside.error, undefined);
  });
});

test("a method that runs beside others waits for none of them", () => {
  forSeeds(1, (random) => {
    const waits = new Waits(random, 0, (id) => id === "b-1");
    const [one, other] = [waits.wait("a", "a-1", "b-1"), waits.wait("b", "b-1", "a-1")];
    waits.run(5_000);
    assert.equal([one.error, other.error], [undefined, undefined]);
  });
});

/** Whether the wait is in a circle of waits that are not over. */
function isStuck(all: readonly Waiting[], waiting: Waiting): boolean {
  const seen = new Set<string>();
  const reaches = (id: string): boolean => {
    if (id === waiting.id) return true;
    if (seen.has(id)) return false;
    seen.add(id);
    return all.some((each) => !each.isOver && each.id === id && reaches(each.to));
  };
  return reaches(waiting.to);
}

test("whoever comes and goes, nobody fails who could go on, and every circle is broken", () => {
  forSeeds(300, (random) => {
    const waits = new Waits(random, 0.05);
    const ids = clients.flatMap((client) => [1, 2, 3].map((number) => `${client}-${number}`));
    for (let step = 0; step < 60; step++) {
      const id = random.pick(ids);
      // An actor waits for one thing at a time, and goes on when it can.
      const busy = waits.all.find((each) => !each.isOver && each.id === id);
      if (busy === undefined) waits.wait(random.pick(clients), id, random.pick(ids));
      else if (!isStuck(waits.all, busy)) busy.end();
      const stuck = waits.all.filter((each) => !each.isOver && isStuck(waits.all, each));
      const before = waits.all.filter(({ error }) => error !== undefined);
      waits.run(random.below(400));
      for (const each of waits.all)
        if (each.error !== undefined && !before.includes(each))
          assert.ok(stuck.includes(each), "it could go on");
    }
    waits.run(30_000);
    assert.equal(
      waits.all.filter((each) => !each.isOver && isStuck(waits.all, each)),
      [],
    );
  });
});
