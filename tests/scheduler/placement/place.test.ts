import { HostTable } from "../../../scheduler/placement/host-table.ts";
import { type PlaceDeps, type Placed, place } from "../../../scheduler/placement/place.ts";
import { RunTimes } from "../../../scheduler/placement/run-times.ts";
import type { Heartbeat } from "../../../scheduler/protocol/messages.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds, type Random, randomOf } from "../seeds.ts";

const test = suite("placement/place");

type Host = Partial<Heartbeat> & { host: string };

const host = (id: string, load: number, cpus = 1): Host => ({ host: id, cpus, running: load });

/** What a client knows that has just heard of these hosts, whose tasks run for 1 ms. */
function known(hosts: Host[], random: Random): PlaceDeps {
  const table = new HostTable();
  for (const each of hosts)
    table.heard({ v: 1, epoch: 1, cpus: 1, queued: 0, running: 0, state: "up", ...each }, 0);
  return { hosts: table, times: new RunTimes(), random: random.next };
}

const task = (more: Partial<Placed> = {}): Placed => ({
  ...{ need: { cpu: 1 }, shape: "", label: "m/k", module: "m", inputs: [], hops: 0, depth: 0 },
  ...more,
});

function counts(hosts: Host[], random: Random, times: number) {
  const deps = known(hosts, random);
  const found = new Map(hosts.map(({ host }) => [host, 0]));
  for (let time = 0; time < times; time++) {
    const { id } = place(task(), deps, 0)!;
    found.set(id, found.get(id)! + 1);
  }
  return found;
}

test("place() gives undefined when there is no host, or none that can run the task", () => {
  assert.is(place(task(), known([], randomOf(1)), 0), undefined);
  const deps = known([host("a", 0)], randomOf(1));
  assert.is(place(task({ need: { gpu: 1 }, shape: "gpu" }), deps, 0), undefined);
  assert.is(place(task(), deps, 1_000), undefined, "silent for long");
});

test("place() gives the only host, however much others have sent there", () => {
  assert.is(place(task(), known([host("a", 1_000)], randomOf(1)), 0)?.id, "a");
});

test("place() gives undefined when all hosts have enough of our own tasks, and room again when one has ended", () => {
  const deps = known([host("a", 0), host("b", 0)], randomOf(1));
  let sent = 0;
  for (let next = place(task(), deps, 0); next !== undefined; next = place(task(), deps, 0)) {
    deps.hosts.sent(next.id, "m");
    sent++;
  }
  assert.ok(sent >= 4 && sent <= 40, `${sent}`);
  deps.hosts.ended("b", true);
  assert.is(place(task(), deps, 0)?.id, "b");
});

test("place() sends short tasks far ahead, and long ones hardly", () => {
  const room = (ms: number) => {
    const deps = known([host("a", 0)], randomOf(1));
    // That one was short says little yet.
    for (let time = 0; time < 100; time++) deps.times.measured("m/k", "a", ms);
    let sent = 0;
    for (; place(task(), deps, 0) !== undefined; sent++) deps.hosts.sent("a", "m");
    return sent;
  };
  assert.is(room(1_000), 2);
  assert.ok(room(0.01) > 100, `${room(0.01)}`);
});

test("place() gives the one with more free cpus in line when there are two", () => {
  forSeeds(200, (random) => {
    const [a, b] = [host("a", random.below(20), 1 + random.below(8)), host("b", random.below(20), 4)];
    const chosen = place(task(), known([a, b], random), 0)?.id;
    const waiting = ({ running, cpus }: Host) => Math.max(running! + 1 - cpus!, 0) / cpus!;
    if (waiting(a) < waiting(b)) assert.is(chosen, "a");
    if (waiting(a) > waiting(b)) assert.is(chosen, "b");
  });
});

test("place() looks at two different hosts, each pair alike often", () => {
  const hosts = [host("a", 1), host("b", 2), host("c", 3), host("d", 4)];
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
  const deps = known(
    Array.from({ length: 20 }, (_, index) => host(`${index}`, 0, 100)),
    randomOf(4),
  );
  for (let each = 0; each < 2_000; each++) deps.hosts.sent(place(task(), deps, 0)!.id, "m");
  const loads = deps.hosts.view().map(({ tasksPending }) => tasksPending);
  assert.ok(Math.max(...loads) - Math.min(...loads) <= 60, `${loads}`);
});

test("place() gives the client's own host while it has a free cpu, and a free one then", () => {
  const deps = { ...known([host("own", 0), host("b", 0), host("c", 0)], randomOf(5)), localId: "own" };
  assert.is(place(task(), deps, 0)?.id, "own");
  deps.hosts.sent("own", "m");
  assert.is.not(place(task(), deps, 0)?.id, "own");
});

test("place() goes where a large input is, unless the wait there is longer than the way", () => {
  const input = (bytes: number) => task({ inputs: [{ bytes, hosts: new Set(["holder"]) }] });
  const others = ["b", "c", "d", "e"].map((id) => host(id, 0));
  const deps = known([host("holder", 3), ...others], randomOf(6));
  deps.times.measured("m/k", "b", 10);
  assert.is(place(input(200_000_000), deps, 0)?.id, "holder");
  assert.is.not(place(input(1_000), deps, 0)?.id, "holder");
});

test("place() prefers the faster host, one that has had the module, and one with preferred labels", () => {
  forSeeds(20, (random) => {
    const fast = known([host("slow", 0), host("fast", 0)], random);
    for (let each = 0; each < 200; each++) {
      fast.times.measured("m/k", "slow", 40);
      fast.times.measured("m/k", "fast", 10);
    }
    assert.is(place(task(), fast, 0)?.id, "fast");
    const loaded = known([host("a", 0), host("b", 0)], random);
    loaded.hosts.sent("a", "other");
    loaded.hosts.sent("b", "m");
    assert.is(place(task(), loaded, 0)?.id, "b");
    const labelled = known([host("a", 0), { host: "b", running: 5, labels: { zone: "x" } }], random);
    assert.is(place(task({ prefer: { zone: "x" } }), labelled, 0)?.id, "b");
    assert.ok(place(task({ prefer: { zone: "y" } }), labelled, 0), "nobody has it");
  });
});
