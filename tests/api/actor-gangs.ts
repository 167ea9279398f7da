import { type ActorHandle, type ActorOptions, gangOf, type Module, type ObjectRef } from "wray";
import type { CollectiveError } from "../../scheduler/protocol/errors.ts";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

export const compileReplicas = () => compileOnce("tests/api/fixtures/replica.ts", ["--runtime", "minimal"]);

/** Actors whose methods are called as gangs, wherever they are. */
export function actorGangTests(test: Suite, api: () => Api): void {
  let module: Module;
  test.before(async () => {
    module = await api().wray.load(await compileReplicas());
  });
  const replicas = (count: number, options: ActorOptions = {}) =>
    Array.from({ length: count }, () => module.actor("Replica").options(options).remote());
  const statesOf = (actors: ActorHandle[]) => api().wray.get(actors.map((actor) => actor.state!.remote()));
  const stepsOf = (actors: ActorHandle[]) => api().wray.get(actors.map((actor) => actor.steps!.remote()));
  const endsOf = (refs: readonly ObjectRef[]) =>
    Promise.all(
      refs.map((ref) =>
        api()
          .wray.get(ref)
          .then(String, ({ code }) => code as string),
      ),
    );
  const ones = Float64Array.of(1, 1);

  test("gangOf() calls a method of several actors at once, which talk to each other by their ranks", async () => {
    const { wray } = api();
    const actors = replicas(5);
    const gang = gangOf(actors);
    assert.equal(
      await wray.get(gang.who!.remote(actors.map(() => []))),
      actors.map((_, rank) => `${rank} of 5`),
    );
    for (const round of [1, 2, 3]) {
      const gradients = actors.map((_, rank) => [Float64Array.of(rank, round)]);
      assert.equal(
        await wray.get(gang.step!.remote(gradients)),
        actors.map(() => round),
      );
    }
    const sum = Float64Array.of(30, 30);
    assert.equal(
      await statesOf(actors),
      actors.map(() => sum),
    );
    // In another order, they have other ranks.
    assert.equal(
      await wray.get(gangOf(actors.toReversed()).who!.remote(actors.map(() => []))),
      [..."01234"].map((rank) => `${rank} of 5`),
    );
  });

  test("calls of a gang keep the order among the others of their actors, and wait for their arguments", async () => {
    const { wray } = api();
    const actors = replicas(3);
    const gang = gangOf(actors);
    const counts = actors.map((actor) => actor.add!.remote(ones));
    const stepped = gang.step!.remote(actors.map(() => [wray.put(ones)]));
    const after = actors.map((actor) => actor.add!.remote(ones));
    const again = gang.step!.remote(
      actors.map((_, rank) => [rank === 1 ? gang.total!.remote(actors.map(() => []))[0]! : ones]),
    );
    assert.equal(
      await wray.get([...counts, ...stepped, ...after, ...again]),
      [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4],
    );
    // 1 + 3 + 1, then the sum of three of these, and two more.
    assert.equal(
      await statesOf(actors),
      actors.map(() => Float64Array.of(5 + 15 + 2, 5 + 15 + 2)),
    );
    // A task finds its host though as many calls as there are wait there for it.
    const scale = await wray.remote("vector/scale");
    const none = scale.remote(gang.total!.remote(actors.map(() => []))[0]! as ObjectRef<Float64Array>, 0);
    const waiting = Array.from({ length: 20 }, () => gang.step!.remote([[none], [none], [none]]));
    assert.equal(await wray.get(waiting.at(-1)!), [24, 24, 24]);
    for (const [rank, actor] of actors.entries()) actor.add!.remote(Float64Array.of(rank, 0));
    await wray.get(gang.shift!.remote(actors.map(() => [])));
    assert.equal(
      (await statesOf(actors)).map((state) => (state as Float64Array)[0]),
      [24, 22, 23],
    );
  });

  test("a member that is late is waited for, and readonly methods may be those of a gang", async () => {
    const { wray } = api();
    const actors = replicas(2, { timeoutMs: 500, maxConcurrency: 2 });
    const gang = gangOf(actors);
    const busy = actors[1]!.spin!.remote();
    const gradients = actors.map(() => [ones]);
    // The first one's own time is over before the second is free.
    const refs = gang.step!.remote(gradients);
    const codes = await endsOf([busy, ...refs]);
    assert.is(codes[0], "TASK_TIMEOUT");
    assert.ok(
      codes.slice(1).every((code) => code === "TASK_TIMEOUT" || code === "COLLECTIVE_FAILED" || code === "1"),
    );
    const later = replicas(2);
    const kept = gangOf(later);
    const first = later[1]!.add!.remote(ones);
    const sums = kept.total!.remote([[], []]);
    assert.equal(await wray.get([first, ...sums]), [1, ones, ones]);
  });

  test("when a member fails, is cancelled, times out or returns, the others hear of it, and each that fails is as it was", async () => {
    const { wray } = api();
    for (const meets of [true, false]) {
      for (const deed of ["fail", "spin", "cancel", "return"]) {
        const actors = replicas(3, { cpuMs: deed === "spin" ? 300 : 60_000 });
        const lost = 1;
        const deeds = actors.map((_, rank) => (rank !== lost ? "" : deed === "cancel" ? "spin" : deed));
        const refs = gangOf(actors).each!.remote(deeds.map(() => [deeds, meets]));
        if (deed === "cancel") wray.cancel(refs[lost]!);
        for (const [rank, ref] of refs.entries()) {
          if (rank === lost) continue;
          const error = (await rejects(wray.get(ref), "COLLECTIVE_FAILED")) as CollectiveError;
          assert.is(error.data.rank, lost, `${deed}: ${error.message}`);
        }
        const [own] = await endsOf([refs[lost]!]);
        const expected = {
          fail: ["TASK_ERROR"],
          spin: ["TASK_TIMEOUT"],
          cancel: ["TASK_CANCELLED"],
          return: ["-1", "COLLECTIVE_FAILED"],
        };
        assert.ok(expected[deed as keyof typeof expected].includes(own!), `${deed}: ${own}`);
        // Of one that has returned, what it has done is there when its ref says so.
        assert.equal(await stepsOf(actors), [0, own === "-1" ? -1 : 0, 0], `${deed}, ${meets}: ${own}`);
        // All of them go on.
        assert.is((await wray.get(gangOf(actors).who!.remote([[], [], []])))[2], "2 of 3");
      }
    }
  });

  test("a call that has ended in the moment in which another fails has been applied if its ref has a value, and else not", async () => {
    const { wray } = api();
    const actors = replicas(3);
    const gang = gangOf(actors);
    const counts = actors.map(() => 0);
    let failedCount = 0;
    for (let round = 0; round < 100; round++) {
      const codes = await endsOf(gang.race!.remote(actors.map(() => [round % 3])));
      for (const [rank, code] of codes.entries()) {
        if (rank === round % 3) assert.is(code, "TASK_ERROR");
        else if (code === "COLLECTIVE_FAILED") failedCount++;
        else assert.is(code, `${++counts[rank]!}`);
      }
      if (round % 10 === 0) assert.equal(await stepsOf(actors), counts, `round ${round}`);
    }
    assert.equal(await stepsOf(actors), counts);
    assert.ok(failedCount > 0);
    await wray.get(gang.step!.remote(actors.map(() => [ones])));
  });

  test("an actor that is killed, or could not be made, is lost to its gangs", async () => {
    const { wray } = api();
    const actors = replicas(3);
    const deeds = ["", "", "spin"];
    const refs = gangOf(actors).each!.remote(deeds.map(() => [deeds]));
    wray.kill(actors[2]!);
    const codes = await endsOf(refs);
    assert.equal(codes, ["COLLECTIVE_FAILED", "COLLECTIVE_FAILED", "ACTOR_DIED"]);
    assert.equal(await stepsOf(actors.slice(0, 2)), [0, 0]);
    const broken = [...replicas(1), module.actor("Replica").remote(-1)];
    assert.equal(await endsOf(gangOf(broken).step!.remote([[ones], [ones]])), [
      "COLLECTIVE_FAILED",
      "ACTOR_DIED",
    ]);
  });

  test("gangOf() refuses what can't be a gang, and then calls nothing", async () => {
    const { wray } = api();
    const actors = replicas(2);
    const gang = gangOf(actors);
    throwsCode(() => gangOf([]), "INVALID_TASK");
    throwsCode(() => gangOf([actors[0]!, actors[0]!]).step!.remote([[ones], [ones]]), "INVALID_TASK");
    throwsCode(() => gang.step!.remote([[ones]]), "INVALID_TASK");
    throwsCode(() => gang.step!.remote([[ones], []]), "INVALID_TASK");
    throwsCode(() => gang.step!.remote([[ones], ["ones"]]), "INVALID_TASK");
    const kept = replicas(1, { checkpoint: { everyCalls: 10 } });
    const refused = throwsCode(
      () => gangOf([...actors, ...kept]).step!.remote([[ones], [ones], [ones]]),
      "INVALID_TASK",
    );
    assert.match(refused.message, "it has a checkpoint");
    const other = module.actor("Replica").options({ maxPendingCalls: 2 }).remote();
    // Once it is made, which counts, too.
    await stepsOf([other]);
    const spinning = [other.spin!.remote(), other.spin!.remote()];
    throwsCode(
      () => gangOf([...actors, other]).step!.remote([[ones], [ones], [ones]]),
      "PENDING_CALLS_LIMIT_EXCEEDED",
    );
    wray.kill(other);
    assert.equal(await endsOf(spinning), ["ACTOR_DIED", "ACTOR_DIED"]);
    assert.equal(await stepsOf([...actors, ...kept]), [0, 0, 0]);
    const alone = await rejects(wray.get(actors[0]!.step!.remote(ones)), "TASK_ERROR");
    assert.match(alone.message, "is no member of a gang");
  });

  test("actors are what they were after a thousand gangs", async () => {
    const { wray } = api();
    const actors = replicas(2);
    const idle = replicas(1);
    await wray.get(idle[0]!.add!.remote(ones));
    const gang = gangOf(actors);
    for (let turn = 0; turn < 6; turn++) {
      const refs = Array.from({ length: 100 }, () => gang.step!.remote([[ones], [ones]]));
      await wray.get(refs.flat());
    }
    assert.equal(await stepsOf(actors), [600, 600]);
    assert.equal(await statesOf([...actors, ...idle]), [
      Float64Array.of(1_200, 1_200),
      Float64Array.of(1_200, 1_200),
      ones,
    ]);
  });
}
