import type { Attack } from "../../../host/attack/attack.ts";
import { Courier } from "../../../host/attack/deliver.ts";
import { type Honest, honestTasks } from "../../../host/attack/honest.ts";
import { unchecked } from "../../../host/attack/list/attack-of.ts";
import { attacks } from "../../../host/attack/list/index.ts";
import { modules } from "../../../host/attack/modules.ts";
import { embeddedTarget } from "../../../host/attack/open-target.ts";
import { isRepelled } from "../../../host/attack/run.ts";
import type { Target } from "../../../host/attack/target.ts";
import { countWorkers } from "../../../host/attack/workers.ts";
import { randomOf } from "../../../host/worker/random.ts";
import { assert, rejects, suite } from "../../support/index.ts";

const test = suite("attack list");

/** A module that is made from random numbers is made so many times. */
const randomRuns = 20;
const seed = "list.test";

let target: Target;
let courier: Courier;
let honest: Honest;

test.before(async (t) => {
  target = await embeddedTarget(2);
  t.after(() => target.close());
  courier = new Courier(target, randomOf(seed));
  honest = await honestTasks(target.client, randomOf(seed));
});

for (const name of new Set(attacks.map((attack) => attack.name))) {
  test(`deliver() gets what is expected, and then an honest answer, of ${name}`, async () => {
    for (const attack of attacks.filter((each) => each.name === name)) {
      for (let run = typeof attack.module === "function" ? randomRuns : 1; run > 0; run--) {
        const delivered = await courier.deliver(attack);
        const { ending, answer, message } = delivered;
        assert.ok(isRepelled(attack, delivered), `${attack.variant}: ${ending} ${answer} ${message}`);
        assert.is(await honest(), undefined, attack.variant);
      }
    }
  });
}

const named = (name: string): Attack => attacks.find((attack) => attack.name === name)!;

for (const name of ["fork bomb", "fork bomb that forgets its refs", "recursion of tasks"]) {
  test(`deliver() leaves no task behind on the host after ${name}`, async () => {
    await courier.deliver(named(name));
    const isIdle = () =>
      [...target.heartbeats.values()].every(({ queued, running }) => queued + running === 0);
    do await target.heard();
    while (!isIdle());
  });
}

for (const name of ["memory without end, without checks", "table without end, without checks"]) {
  test(`deliver() leaves as many workers as before after ${name}`, async () => {
    for (const attack of attacks.filter((each) => each.name === name)) {
      await courier.deliver(attack);
      await courier.deliver(attack);
      assert.is(await countWorkers(target), 2);
    }
  });
}

/** The worker thread that an attack, or whatever fails after it, ran on; there is one. */
async function threadOf(one: Courier, attack: Attack): Promise<number> {
  const { thread, ending, message } = await one.deliver(attack);
  assert.type(thread, "number", `${ending} ${message}`);
  return thread as number;
}

test("deliver() stops an endless loop on a worker that lives on, and without checks on one that is replaced", async (t) => {
  const single = await embeddedTarget(1);
  t.after(() => single.close());
  const one = new Courier(single, randomOf(seed));
  const [checked, without, trap] = [
    named("endless loop"),
    named("endless loop without checks"),
    named("trap"),
  ];
  const first = await threadOf(one, checked);
  assert.is(await threadOf(one, checked), first);
  assert.is(await threadOf(one, named("endless loop in the start function")), first);
  assert.is(await threadOf(one, named("loop that catches what stops it")), first);
  assert.is(await threadOf(one, named("memory.atomic.wait for ever")), first);
  assert.is(await threadOf(one, named("endless recursion")), first);
  assert.is(await threadOf(one, named("memory, page by page")), first);
  assert.is(await threadOf(one, trap), first);
  assert.is(await threadOf(one, without), first);
  assert.is.not(await threadOf(one, trap), first);
});

test("deliver() disturbs no task on another worker when a thread has to be replaced", async () => {
  const { client } = target;
  const loops = await client.load(unchecked(modules.loops, "spin"));
  const pi = (await client.remote("math/pi")).options({ maxRetries: 0 });
  // Enough for both workers, so that some run beside each endless loop.
  const neighbours = Array.from({ length: 10 }, () => pi.remote(50_000_000));
  for (let run = 0; run < 3; run++) {
    const spin = loops.kernel("spin").options({ timeoutMs: 50, maxRetries: 0 });
    await rejects(client.get(spin.remote()), "TASK_TIMEOUT");
  }
  for (const value of await client.get(neighbours)) assert.ok(Math.abs((value as number) - Math.PI) < 1e-6);
});

test("steal() would find what a task has planted, when it is the same task", async () => {
  const { client } = target;
  const { kernel } = await client.load(modules.secrets).then((module) => ({
    kernel: (name: string) => module.kernel(name).options({ memoryBytes: 16 * 1024 * 1024 }),
  }));
  assert.is(await client.get(kernel("plant_and_steal").remote()), 8);
  assert.is(await client.get(kernel("steal").remote()), 0);
});
