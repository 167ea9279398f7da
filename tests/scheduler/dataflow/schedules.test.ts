import { tasksOn } from "../../../scheduler/placement/host-table.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds, type Random } from "../seeds.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";

const test = suite("dataflow/task-table, under random schedules");

const hostIds = ["a", "b", "c"];

test("TaskTable ends each task once, and nothing is left, when hosts die, freeze, leave, give back and answer twice", () => {
  forSeeds(1_500, (random) => {
    const cluster = new SimulatedCluster(random);
    for (const id of hostIds) cluster.start(id);
    for (let step = 0; step < 150; step++) act(cluster, random);
    recover(cluster);

    for (const [id, outcomes] of cluster.outcomes) assert.is(outcomes.length, 1, `${id} ended once`);
    for (const id of cluster.held.splice(0)) cluster.objects.drop(id);
    assert.is(cluster.objects.size, 0, "no object is in use");
    assert.equal(cluster.leaked(), []);
    for (const { id, tasksPending } of cluster.hostTable.view()) assert.is(tasksPending, 0, `tasks on ${id}`);
    for (const { id } of cluster.hostTable.view())
      assert.is(tasksOn(cluster.hostTable.get(id)!), 0, `load of ${id}`);
    assert.is(cluster.tasks.waitingCount, 0);
    assert.equal(cluster.overlaps, [], "no more tasks of a key at once than it allows");
  });
});

/** One thing that happens. */
function act(cluster: SimulatedCluster, random: Random): void {
  const chance = random.next();
  const host = cluster.hosts.get(random.pick(hostIds));
  if (chance < 0.25) cluster.submit();
  else if (chance < 0.3) cluster.put(random.pick([10, 10_000]));
  else if (chance < 0.35) cluster.drop();
  else if (chance < 0.6) cluster.deliver(true);
  else if (chance < 0.7) cluster.pass(random.below(800));
  else if (host === undefined) cluster.start(random.pick(hostIds));
  else if (chance < 0.9) cluster.run(host, true);
  else if (chance < 0.93) cluster.giveBack(host, random.pick(hostIds));
  else if (chance < 0.95) host.isFrozen = !host.isFrozen;
  // It dies, and the client learns of it only from its silence.
  else if (chance < 0.97) cluster.hosts.delete(host.id);
  // It starts anew so fast that the client sees no silence; or it forgets a client that it did not hear.
  else if (chance < 0.98) cluster.start(host.id);
  else if (chance < 0.99) Object.assign(host, { session: undefined, stored: new Set() });
  else cluster.leave(host);
}

/** From now on nothing fails; all that is under way comes to its end. */
function recover(cluster: SimulatedCluster): void {
  for (const host of cluster.hosts.values()) host.isFrozen = false;
  for (let round = 0; round < 50 && !cluster.isQuiet; round++) {
    for (const id of hostIds) if (!cluster.hosts.has(id)) cluster.start(id);
    cluster.pass(100);
    for (const host of cluster.hosts.values()) while (host.tasks.length > 0) cluster.run(host, false);
    for (let result = 0; result < 200; result++) cluster.deliver(false);
  }
  cluster.pass(100);
}
