import { ItemStream } from "../../../scheduler/dataflow/item-stream.ts";
import { TaskCancelledError, TaskError } from "../../../scheduler/protocol/errors.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds, type Random } from "../seeds.ts";
import { SimulatedStream } from "./simulated-stream.ts";

const test = suite("dataflow/item-stream");

const hostIds = ["a", "b"];

test("every item comes once and in order, however hosts die, forget, crash and give back", () => {
  let lossCount = 0;
  forSeeds(2_000, (random) => {
    const simulated = new SimulatedStream(random, hostIds);
    // Some read eagerly, some hardly at all.
    const eagerness = random.next() / 2;
    for (let step = 0; step < 200; step++) {
      const taken = simulated.stream.takenCount + simulated.stream.unreadCount;
      act(simulated, random, eagerness);
      if (simulated.stream.takenCount + simulated.stream.unreadCount < taken) lossCount++;
      assert.ok(simulated.stream.unreadCount <= simulated.maxUnread, "the task is not too far ahead");
    }
    finish(simulated, () => simulated.take());
    const names = simulated.got.map((next) => (next.kind === "item" ? next.item.id : next.kind));
    const { expected } = simulated;
    assert.equal(names.slice(0, expected.length), expected);
    assert.equal([...new Set(names.slice(expected.length - 1))], expected.slice(-1));
    letGo(simulated);
  });
  assert.ok(lossCount > 0, "some items were lost before they were read");
});

test("nothing is left of a stream that the program leaves in its middle", () => {
  forSeeds(1_000, (random) => {
    const simulated = new SimulatedStream(random, hostIds);
    for (let step = 0; step < random.below(150); step++) act(simulated, random, 0.1);
    simulated.leave();
    const { takenCount } = simulated.stream;
    finish(simulated, () => {});
    assert.is(simulated.stream.takenCount, takenCount);
    letGo(simulated);
  });
});

test("ItemStream tells the task when half of what it may be ahead was taken", () => {
  for (const [maxUnread, expected] of [
    [1, [1, 2, 3, 4, 5, 6]],
    [2, [1, 2, 3, 4, 5, 6]],
    [3, [2, 4, 6]],
    [4, [2, 4, 6]],
    [6, [3, 6]],
  ] as const) {
    const told: number[] = [];
    const stream = new ItemStream<Item>({ maxUnread, tell: (count) => void told.push(count) });
    for (let index = 0; index < 6; index++) {
      stream.add(index, item);
      stream.next(() => {});
    }
    assert.equal(told, expected);
  }
});

test("ItemStream gives what came before a failure, but not what the program has cancelled", () => {
  for (const [error, expected] of [
    [undefined, ["item", "done", "done"]],
    [new TaskError("trap"), ["item", "failed", "failed"]],
    [new TaskCancelledError("cancelled"), ["failed", "failed", "failed"]],
  ] as const) {
    const kinds: string[] = [];
    const stream = new ItemStream<Item>({ maxUnread: 4, tell() {} });
    stream.add(0, item);
    stream.end(error);
    assert.is(stream.add(1, item), false);
    for (let time = 0; time < 3; time++) stream.next(({ kind }) => kinds.push(kind));
    assert.equal(kinds, expected);
  }
});

type Item = { free(): void };
const item = (): Item => ({ free() {} });

/** One thing that happens. */
function act(simulated: SimulatedStream, random: Random, eagerness: number): void {
  const host = simulated.hosts.get(random.pick(hostIds))!;
  const chance = random.next();
  if (chance < eagerness) simulated.take();
  else if (chance < 0.7) simulated.run(host);
  else if (chance < 0.83) simulated.deliver(host);
  else if (chance < 0.95) simulated.hear(host);
  else if (chance < 0.96) simulated.interrupt(host);
  else if (chance < 0.97) host.isDead = true;
  else if (chance < 0.975) Object.assign(host, { session: undefined, run: undefined, stored: new Set() });
  else if (host.isDead && chance < 0.985) simulated.start(host.id);
  else simulated.pass(random.below(1_500));
}

/** Nothing fails any more, and all that is under way comes to its end. */
function finish(simulated: SimulatedStream, take: () => void): void {
  for (let round = 0; round < 300; round++) {
    for (const host of [...simulated.hosts.values()]) {
      if (host.isDead) simulated.start(host.id);
      simulated.run(host);
      while (host.told.length > 0) simulated.deliver(host);
      while (host.heard.length > 0) simulated.hear(host);
    }
    simulated.pass(100);
    take();
  }
}

/** The program lets go of all that it got, and nothing is left anywhere. */
function letGo(simulated: SimulatedStream): void {
  for (const next of simulated.got) if (next.kind === "item") next.item.free();
  simulated.objects.drop("client-0");
  for (const host of simulated.hosts.values()) while (host.heard.length > 0) simulated.hear(host);
  assert.is(simulated.objects.size, 0, "no object is in use");
  assert.equal(simulated.stored(), []);
}
