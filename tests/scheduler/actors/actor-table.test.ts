import { assert, suite } from "../../support/index.ts";
import { forSeeds, type Random } from "../seeds.ts";
import { actorId, SimulatedActor } from "./simulated-actor.ts";

const test = suite("actors/actor-table");
const hostIds = ["a", "b", "c"];

test("with checkpoints, each acknowledged call is applied once and in order, whatever hosts do", () => {
  let [lossCount, deltaCount] = [0, 0];
  forSeeds(1_500, (random) => {
    const checkpoint = { everyCalls: 1 + random.below(8), everyMs: 1 + random.below(2_000) };
    // With room for its checkpoints at the client, or none, or until they have grown.
    const mostHomeBytes = random.pick([0, 9_060, 1_000_000, 1_000_000]);
    const simulated = new SimulatedActor(random, hostIds, checkpoint, { mostHomeBytes });
    for (let step = 0; step < 250; step++) act(simulated, random);
    finish(simulated);
    const { outcomes, state } = simulated;
    deltaCount += simulated.deltaCount;
    if (lostItsState(outcomes)) {
      lossCount++;
      return;
    }
    let applied = 0;
    const expected: number[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.kind === "failed") {
        assert.is((outcome.error as { code?: string }).code, "TASK_ERROR", outcome.error.message);
        continue;
      }
      expected.push(index);
      assert.equal(outcome, { kind: "local", value: ++applied });
    }
    assert.equal(state, expected);
    simulated.actors.release(actorId);
    finish(simulated);
    assert.is(simulated.objects.size, 0, "no object is in use");
  });
  // It is told of none, where all copies of a state were lost at once.
  assert.ok(lossCount < 60, `${lossCount} actors lost`);
  assert.ok(deltaCount > 500, `${deltaCount} times only what had changed was told`);
});

test("without checkpoints, each call is applied once at most, and has one outcome", () => {
  forSeeds(1_000, (random) => {
    const simulated = new SimulatedActor(random, hostIds, undefined, { maxRestarts: 3 });
    for (let step = 0; step < 200; step++) act(simulated, random);
    finish(simulated);
    for (const outcome of simulated.outcomes) {
      if (outcome.kind !== "failed") continue;
      const { code } = outcome.error as { code?: string };
      assert.ok(["TASK_ERROR", "ACTOR_DIED", "ACTOR_UNAVAILABLE"].includes(code!), `${outcome.error}`);
    }
    const { state = [] } = simulated;
    assert.equal([...new Set(state)], state);
    assert.equal(
      [...state].sort((one, other) => one - other),
      state,
    );
    simulated.actors.release(actorId);
    finish(simulated);
    assert.is(simulated.objects.size, 0, "no object is in use");
  });
});

test("a checkpoint that is lost with a host which the actor has left is followed by another", () => {
  // Nothing fails, and hosts keep what they tell.
  const random: Random = { next: () => 0.5, below: () => 0, happens: () => false, pick: ([item]) => item! };
  const checkpoint = { everyCalls: 1, everyMs: 1_000 };
  const simulated = new SimulatedActor(random, ["a", "b"], checkpoint, { mostHomeBytes: 1_000_000 });
  const settle = () => {
    for (let round = 0; round < 10; round++) {
      for (const host of simulated.hosts.values()) {
        simulated.run(host);
        simulated.deliver(host);
      }
    }
  };
  settle();
  simulated.call();
  settle();
  const from = simulated.hosts.get(simulated.actors.hostOf(actorId)!)!;
  const to = [...simulated.hosts.values()].find((host) => host !== from)!;
  assert.is(from.stored.size, 1, "its checkpoint, which has not come home");
  simulated.actors.move(actorId, to.id);
  settle();
  assert.equal(to.state, [0]);
  from.isDead = true;
  for (let count = 0; count < 30; count++) simulated.pass(100);
  simulated.call();
  settle();
  assert.equal(to.state, [0, 1]);
  assert.ok(to.saved !== undefined, "it is asked for another");
});

/** Whether the actor is gone since no host had a copy of its state any more. */
const lostItsState = (outcomes: SimulatedActor["outcomes"]) =>
  outcomes.some(
    (outcome) => outcome.kind === "failed" && (outcome.error as { code?: string }).code === "ACTOR_DIED",
  );

/** One thing that happens. */
function act(simulated: SimulatedActor, random: Random): void {
  const host = simulated.hosts.get(random.pick(hostIds))!;
  const chance = random.next();
  if (chance < 0.25) simulated.call();
  else if (chance < 0.55) simulated.run(host);
  else if (chance < 0.85) simulated.deliver(host);
  else if (chance < 0.87) simulated.bringHome();
  else if (chance < 0.89) simulated.copy();
  else if (chance < 0.9) host.isDead = true;
  else if (chance < 0.905) simulated.forget(host);
  else if (chance < 0.91) host.isLeaving = !host.isLeaving;
  else if (chance < 0.93) move(simulated, random);
  else if (host.isDead && chance < 0.96) simulated.start(host.id);
  else simulated.pass(random.below(1_500));
}

function move(simulated: SimulatedActor, random: Random): void {
  if (simulated.actors.hostOf(actorId) !== undefined) simulated.actors.move(actorId, random.pick(hostIds));
}

/** Nothing fails any more, and all that is under way comes to its end. */
function finish(simulated: SimulatedActor): void {
  for (let round = 0; round < 200; round++) {
    for (const { id, isDead } of [...simulated.hosts.values()]) {
      if (isDead) simulated.start(id);
      const host = simulated.hosts.get(id)!;
      host.isLeaving = false;
      while (host.heard.length > 0) simulated.run(host);
      while (host.told.length > 0) simulated.deliver(host);
    }
    simulated.bringHome();
    simulated.copy();
    simulated.pass(100);
  }
  assert.ok(simulated.isQuiet, "each call has its outcome");
}
