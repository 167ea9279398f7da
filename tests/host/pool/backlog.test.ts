import { Backlog } from "../../../host/pool/backlog.ts";
import { forSeeds, type Random } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("Backlog");

type TestCall = {
  name: string;
  owner: string;
  depth: number;
  hasEnded: boolean;
  isUrgent: boolean;
  next: TestCall | undefined;
};

const call = (name: string, depth = 0): TestCall => ({
  ...{ name, owner: name[0]!, depth },
  ...{ hasEnded: false, isUrgent: false, next: undefined },
});

function backlogOf(...calls: TestCall[]): Backlog<TestCall> {
  const backlog = new Backlog<TestCall>();
  for (const each of calls) backlog.push(each);
  return backlog;
}

const named = (...names: string[]) => backlogOf(...names.map((name) => call(name)));

/** The names of the next so many, which are taken out. */
function take(backlog: Backlog<TestCall>, count = Number.POSITIVE_INFINITY): string[] {
  const names: string[] = [];
  for (let next = backlog.peek(); next !== undefined && names.length < count; next = backlog.peek()) {
    backlog.shift();
    names.push(next.name);
  }
  return names;
}

test("calls of one owner keep their order", () => {
  const backlog = named("a1", "a2", "a3");
  assert.not(backlog.isEmpty);
  assert.equal(take(backlog), ["a1", "a2", "a3"]);
  assert.ok(backlog.isEmpty);
  assert.is(backlog.peek(), undefined);
});

test("the deepest come first, whoever's they are", () => {
  const backlog = backlogOf(call("a1"), call("a2", 2), call("b1", 1), call("b2", 2), call("a3", 5));
  assert.equal(take(backlog), ["a3", "a2", "b2", "b1", "a1"]);
});

test("urgent ones come before all others in their order, also when they are put back", () => {
  const urgent = (name: string): TestCall => ({ ...call(name), isUrgent: true });
  const backlog = backlogOf(call("a1"), call("a2", 2), urgent("b1"), urgent("b2"));
  const first = backlog.peek()!;
  backlog.shift();
  backlog.putBack(first);
  assert.equal(
    [...backlog].map(({ name }) => name),
    ["b1", "b2", "a1", "a2"],
  );
  first.hasEnded = true;
  assert.equal(take(backlog), ["b2", "a2", "a1"]);
});

test("owners of one depth take turns, however many calls each has", () => {
  assert.equal(take(named("a1", "a2", "a3", "a4", "b1", "b2", "c1")), [
    "a1",
    "b1",
    "c1",
    "a2",
    "b2",
    "a3",
    "a4",
  ]);
});

test("an owner that comes later waits for one turn of each before it, and not for all of their calls", () => {
  const backlog = named(...Array.from({ length: 100 }, (_, nth) => `a${nth}`), "b0");
  assert.equal(take(backlog, 2), ["a0", "b0"]);
  backlog.push(call("c0"));
  assert.equal(take(backlog, 3), ["a1", "c0", "a2"]);
});

test("an owner that had run out of calls comes last again", () => {
  const backlog = named("a1", "b1", "b2", "c1");
  assert.equal(take(backlog, 1), ["a1"]);
  backlog.push(call("a2"));
  assert.equal(take(backlog), ["b1", "c1", "a2", "b2"]);
});

test("putBack() makes a call its owner's next", () => {
  const backlog = named("a1", "a2", "a3");
  const first = backlog.peek()!;
  backlog.shift();
  const second = backlog.peek()!;
  backlog.shift();
  for (const each of [second, first]) backlog.putBack(each);
  assert.equal(take(backlog), ["a1", "a2", "a3"]);
  backlog.putBack(first);
  backlog.push(second);
  assert.equal(take(backlog), ["a1", "a2"]);
});

test("calls that have ended are gone, wherever they are", () => {
  const calls = ["a1", "a2", "a3", "b1", "b2", "c1"].map((name) => call(name));
  const backlog = backlogOf(...calls);
  for (const name of ["a1", "a3", "b1", "b2", "c1"]) {
    calls.find((each) => each.name === name)!.hasEnded = true;
  }
  assert.equal(
    [...backlog].map(({ name }) => name),
    ["a2"],
  );
  assert.equal(take(backlog), ["a2"]);
  assert.ok(backlog.isEmpty);
});

test("a backlog that was empty takes calls again, of any depth and owner", () => {
  const backlog = backlogOf(call("a1", 3));
  assert.equal(take(backlog), ["a1"]);
  for (const [name, depth] of [
    ["a2", 0],
    ["a3", 3],
    ["b1", 3],
  ] as const)
    backlog.push(call(name, depth));
  assert.equal(take(backlog), ["a3", "b1", "a2"]);
});

/** The same with plain lists: for each depth the owners, whose turn it is first, with their calls. */
class PlainBacklog {
  readonly #depths: { owner: string; calls: TestCall[] }[][] = [[], [], [], []];

  add(call: TestCall, isFirst: boolean): void {
    const owners = this.#depths[call.depth]!;
    let queue = owners.find(({ owner }) => owner === call.owner);
    if (queue === undefined) {
      queue = { owner: call.owner, calls: [] };
      owners.push(queue);
    }
    if (isFirst) queue.calls.unshift(call);
    else queue.calls.push(call);
  }

  next(): TestCall | undefined {
    for (const owners of [...this.#depths].reverse()) {
      while (owners.length > 0) {
        const { calls } = owners[0]!;
        while (calls[0]?.hasEnded) calls.shift();
        if (calls.length > 0) return calls[0];
        owners.shift();
      }
    }
    return undefined;
  }

  takeOut(): void {
    const owners = this.#depths.findLast(({ length }) => length > 0)!;
    const queue = owners.shift()!;
    queue.calls.shift();
    while (queue.calls[0]?.hasEnded) queue.calls.shift();
    if (queue.calls.length > 0) owners.push(queue);
  }

  all(): TestCall[] {
    return this.#depths.flat().flatMap(({ calls }) => calls.filter(({ hasEnded }) => !hasEnded));
  }
}

function runSchedule(random: Random): void {
  const backlog = new Backlog<TestCall>();
  const plain = new PlainBacklog();
  const taken: TestCall[] = [];
  let made = 0;
  for (let step = 0; step < 80; step++) {
    const action = random.below(10);
    if (action < 4) {
      const added = call(`${random.pick(["a", "b", "c"])}${made++}`, random.below(4));
      backlog.push(added);
      plain.add(added, false);
    } else if (action < 7) {
      const next = plain.next();
      if (next === undefined) continue;
      taken.push(next);
      backlog.shift();
      plain.takeOut();
    } else if (action < 9) {
      const all = [...taken, ...plain.all()];
      if (all.length > 0) random.pick(all).hasEnded = true;
    } else {
      const [back] = taken.splice(random.below(taken.length + 1), 1);
      if (back === undefined || back.hasEnded) continue;
      backlog.putBack(back);
      plain.add(back, true);
    }
    assert.is(backlog.peek()?.name, plain.next()?.name);
    assert.equal(
      [...backlog].map(({ name }) => name).sort(),
      plain
        .all()
        .map(({ name }) => name)
        .sort(),
    );
  }
}

test("whatever is done with it, it gives the same as plain lists", () => {
  forSeeds(1_000, runSchedule);
});
