import { type Candidate, place } from "../../../scheduler/placement/place.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds, type Random, randomOf } from "../seeds.ts";

const test = suite("placement/place");

const host = (id: string, load: number, cpus = 1): Candidate => ({ id, load, cpus });

const counts = (candidates: Candidate[], random: Random, times: number) => {
  const found = new Map(candidates.map(({ id }) => [id, 0]));
  for (let time = 0; time < times; time++) {
    const id = place(candidates, random.next)!;
    found.set(id, found.get(id)! + 1);
  }
  return found;
};

test("place() gives undefined when there is no candidate", () => {
  assert.is(place([], Math.random), undefined);
});

test("place() gives the only candidate, however loaded", () => {
  assert.is(
    place([host("a", 1_000)], () => 0.999),
    "a",
  );
});

test("place() gives the less loaded when there are two", () => {
  forSeeds(200, (random) => {
    const [a, b] = [host("a", random.below(20), 1 + random.below(8)), host("b", random.below(20), 4)];
    const chosen = place([a, b], random.next);
    if (a.load / a.cpus < b.load / b.cpus) assert.is(chosen, "a");
    if (a.load / a.cpus > b.load / b.cpus) assert.is(chosen, "b");
  });
});

test("place() measures load by cpu", () => {
  const hosts = [host("small", 3, 1), host("large", 8, 4)];
  assert.equal(
    counts(hosts, randomOf(1), 100),
    new Map([
      ["small", 0],
      ["large", 100],
    ]),
  );
});

test("place() looks at two different hosts, each pair alike often", () => {
  const hosts = [host("a", 0), host("b", 1), host("c", 2), host("d", 3)];
  const found = counts(hosts, randomOf(2), 12_000);
  // Of the 6 pairs, 3 have a, 2 of the others have b, the last has c; d is always the more loaded one.
  for (const [id, expected] of [
    ["a", 6_000],
    ["b", 4_000],
    ["c", 2_000],
  ] as const) {
    assert.ok(Math.abs(found.get(id)! - expected) < 250, `${id}: ${found.get(id)}`);
  }
  assert.is(found.get("d"), 0);
});

test("place() spreads evenly when all are alike", () => {
  const hosts = Array.from({ length: 5 }, (_, index) => host(`${index}`, 1));
  for (const [id, count] of counts(hosts, randomOf(3), 10_000)) {
    assert.ok(Math.abs(count - 2_000) < 200, `${id}: ${count}`);
  }
});

test("place() keeps hosts level when each task that it places is counted", () => {
  const hosts = Array.from({ length: 20 }, (_, index) => host(`${index}`, 0));
  const random = randomOf(4);
  for (let task = 0; task < 2_000; task++) {
    const id = place(hosts, random.next)!;
    hosts.find((each) => each.id === id)!.load++;
  }
  const loads = hosts.map(({ load }) => load);
  assert.ok(Math.max(...loads) - Math.min(...loads) <= 6, `${loads}`);
});
