import { leaks } from "../../scripts/chaos/leaks.ts";
import { Ledger } from "../../scripts/chaos/ledger.ts";
import { stuckModule } from "../../scripts/chaos/stuck.ts";
import { type HostProcess, startCluster } from "../support/cluster.ts";
import { assert, rejects, suite } from "../support/index.ts";
import { startProcessGroup } from "../support/process-group.ts";

const test = suite("chaos");

test("a round that rejects is a loss, and its faults are over with it", async () => {
  const ledger = new Ledger();
  const work = { name: "work", kind: "tasks", taskCount: 3 } as const;
  const before = ledger.fault("server restarted");
  const meanwhile = ledger.round(work, async () => {
    await Promise.resolve();
    throw new Error("the result is wrong");
  });
  const during = ledger.fault("host killed", "h1");
  assert.is(during.doneMs.tasks, undefined);
  await meanwhile;
  assert.equal(ledger.losses, ["work: the result is wrong"]);
  assert.is(ledger.taskCount, 0);
  assert.type(during.doneMs.tasks, "number");
  assert.equal([before.doneMs, during.doneMs.jobs], [{}, undefined]);
  await ledger.round(work, async () => {});
  assert.equal([ledger.taskCount, ledger.rounds.get("work")], [3, 1]);
});

test("leaks() tells what is held, what runs and who is missing, and of nothing else", async (t) => {
  const cluster = await startCluster(t, { hosts: 1 });
  const wray = await cluster.connect();
  const [{ id }] = cluster.hosts as [HostProcess];
  const look = (hostIds: string[], settleMs: number) => leaks(wray, cluster.server.url, hostIds, settleMs);
  const scale = await wray.remote("vector/scale");
  const large = scale.remote(new Float64Array(50_000), 2);
  await wray.wait([large]);
  assert.match((await look([id], 0)).join(), `object ${large.id} of ${wray.id}`);
  wray.free(large);
  assert.equal(await look([id], 10_000), []);
  assert.equal(await look([id, "gone"], 500), ["host gone says nothing"]);
  const stuck = (await wray.load(stuckModule())).kernel("spin").remote();
  await cluster.heard(({ running }) => running === 1);
  const held = (await look([id], 500)).join();
  assert.match(held, `host ${id} has 1 tasks running`);
  wray.cancel(stuck);
  await rejects(wray.get(stuck), "TASK_CANCELLED");
  wray.free(stuck);
  assert.equal(await look([id], 10_000), []);
});

test(
  "chaos loses nothing and leaks nothing, and leaves nothing behind",
  async (t) => {
    const args = ["build/scripts/chaos/main.mjs", "--minutes", "0.25", "--seed", "1"];
    const chaos = await startProcessGroup(t, () => args);
    let text = "";
    for (const stream of [chaos.child.stdout!, chaos.child.stderr!]) {
      stream.on("data", (chunk: Buffer) => {
        text += chunk;
      });
    }
    assert.is(await chaos.ended, 0, text);
    console.log(text);
    assert.match(text, /^losses {4}0$/m);
    assert.match(text, /^leaks {5}0$/m);
    const counts = [...text.matchAll(/│ (?:host|worker|server) \w+ +│ +(\d+)/g)].map(([, count]) =>
      Number(count),
    );
    assert.ok(
      counts.reduce((sum, count) => sum + count, 0) >= 3,
      "on a busy machine, few faults strike in so short a time",
    );
    for (const work of ["nested tasks", "tree reduction", "shuffle of 10 MB", "durable jobs"]) {
      assert.match(text, new RegExp(`^rounds .*${work} [1-9]`, "m"));
    }
    assert.equal(await chaos.leftovers(), []);
  },
  { timeoutMs: 150_000 },
);
