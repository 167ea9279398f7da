import { Replicator } from "../../../scheduler/dataflow/replicator.ts";
import { ObjectTable } from "../../../scheduler/ownership/object-table.ts";
import { HostTable } from "../../../scheduler/placement/host-table.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("dataflow/replicator");

const bytes = 10_000;

/** A replicator on these hosts, what it has asked for, and what was let go of. */
function replicatorOn(...hostIds: string[]) {
  const asked: string[] = [];
  const home: string[] = [];
  const freed: string[] = [];
  const hosts = new HostTable();
  const objects = new ObjectTable((id, from) => freed.push(`${id} on ${[...from].sort()}`));
  const join = (id: string) =>
    hosts.heard({ v: 1, host: id, epoch: 1, cpus: 1, queued: 0, running: 0, state: "up" }, 0);
  for (const id of hostIds) join(id);
  const replicator = new Replicator({
    ...{ objects, hosts, nowMs: () => 0, random: () => 0 },
    keep: (hostId, id, holders) => asked.push(`${id} on ${hostId} from ${holders}`),
    bringHome: (id, hostId) => home.push(`${id} from ${hostId}`),
  });
  const lose = (id: string) => {
    objects.forgetHost(id);
    replicator.hostLost(id);
  };
  const holders = (id: string) => objects.holders(id)?.sort();
  objects.create("x", { kind: "local", value: new Uint8Array(bytes) });
  return { replicator, objects, asked, home, freed, join, lose, holders };
}

test("replicate() keeps an object here until it is on so many hosts, and there from then on", () => {
  const { replicator, objects, asked, holders } = replicatorOn("a", "b", "c");
  replicator.replicate("x", 2);
  assert.equal(asked, ["x on a from ", "x on b from "]);
  replicator.told("a", "x", bytes);
  assert.is(objects.state("x")?.kind, "local");
  replicator.told("b", "x", bytes);
  assert.is(objects.state("x")?.kind, "remote");
  assert.equal(holders("x"), ["a", "b"]);
});

test("an object gets another replica when it has lost one", () => {
  const { replicator, asked, lose, holders } = replicatorOn("a", "b", "c");
  replicator.replicate("x", 2);
  for (const id of ["a", "b"]) replicator.told(id, "x", bytes);
  asked.length = 0;
  lose("a");
  assert.equal(asked, ["x on a from b"]);
  replicator.told("a", "x", undefined);
  assert.equal(asked, ["x on a from b", "x on c from b"]);
  replicator.told("c", "x", bytes);
  assert.equal(holders("x"), ["b", "c"]);
});

test("a cluster with too few hosts keeps the object here, and what joins gets it", () => {
  const { replicator, objects, asked, join, holders } = replicatorOn("a");
  replicator.replicate("x", 2);
  replicator.told("a", "x", bytes);
  assert.is(objects.state("x")?.kind, "local");
  join("b");
  replicator.tick();
  assert.equal(asked, ["x on a from ", "x on b from a"]);
  replicator.told("b", "x", bytes);
  assert.equal(holders("x"), ["a", "b"]);
});

test("a host that had no room is asked again later, and others before it", () => {
  const { replicator, asked } = replicatorOn("a", "b", "c");
  replicator.replicate("x", 2);
  for (const id of ["a", "b", "c"]) replicator.told(id, "x", undefined);
  assert.equal(asked.splice(0), ["x on a from ", "x on b from ", "x on c from "]);
  replicator.tick();
  assert.equal(asked, ["x on a from ", "x on b from "]);
});

test("what is let go of while it is replicated leaves nothing on any host", () => {
  const { replicator, objects, freed } = replicatorOn("a", "b");
  replicator.replicate("x", 2);
  replicator.told("a", "x", bytes);
  objects.drop("x");
  assert.equal(freed, ["x on a"]);
  replicator.told("b", "x", bytes);
  assert.equal(freed, ["x on a", "x on b"]);
  replicator.tick();
  assert.is(objects.size, 0);
});

test("leaving() has others take over what only the leaving host holds, and lets it forget the rest", () => {
  const { replicator, objects, asked, freed, holders } = replicatorOn("b", "c");
  objects.create("only", { kind: "remote", hosts: new Set(["a"]), bytes });
  objects.create("both", { kind: "remote", hosts: new Set(["a", "c"]), bytes });
  replicator.leaving("a");
  assert.equal(asked, ["only on b from a"]);
  assert.equal(freed, ["both on a"]);
  replicator.told("b", "only", bytes);
  assert.equal(freed, ["both on a", "only on a"]);
  assert.equal([holders("only"), holders("both")], [["b"], ["c"]]);
});

test("leaving() has an object come home when no other host takes it", () => {
  const { replicator, objects, home } = replicatorOn();
  objects.create("only", { kind: "remote", hosts: new Set(["a"]), bytes });
  replicator.leaving("a");
  assert.equal(home, ["only from a"]);
});

test("leaving() moves a replica, so that there are as many as before", () => {
  const { replicator, asked, holders } = replicatorOn("a", "b", "c");
  replicator.replicate("x", 2);
  for (const id of ["a", "b"]) replicator.told(id, "x", bytes);
  asked.length = 0;
  replicator.leaving("a");
  assert.equal(asked, ["x on c from b"]);
  replicator.told("c", "x", bytes);
  assert.equal(holders("x"), ["b", "c"]);
});

test("of many objects some are looked at in each tick, and all in turn", () => {
  const { replicator, objects, asked, join } = replicatorOn();
  const count = 2_500;
  for (let index = 0; index < count; index++) {
    objects.create(`many ${index}`, { kind: "local", value: new Uint8Array(bytes) });
    replicator.replicate(`many ${index}`, 1);
  }
  join("a");
  replicator.tick();
  assert.is(asked.length, 1_000);
  replicator.tick();
  replicator.tick();
  assert.is(new Set(asked).size, count);
});
