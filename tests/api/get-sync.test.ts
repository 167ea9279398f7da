import { tableFromArrays } from "apache-arrow";
import { type Client, init, type Kernel, type Module } from "wray";
import { startCluster } from "../support/cluster.ts";
import { assert, suite, throwsCode } from "../support/index.ts";
import { compileProbe } from "./modules.ts";

const test = suite("getSync");

let [wray, probe] = [] as unknown as [Client, Module];

test.before(async ({ after }) => {
  wray = await init({ cpus: 2 });
  after(() => wray.shutdown());
  probe = await wray.load(await compileProbe());
});

test("getSync() gives results of any type at once, without a turn of the event loop", async () => {
  const add = await wray.remote("math/add");
  let turns = 0;
  const turn = setInterval(() => turns++);
  for (let index = 0; index < 2_000; index++) assert.is(wray.getSync(add.remote(index, 1)), index + 1);
  assert.is(wray.getSync(probe.kernel("join").remote("a", "b")), "ab");
  const bytes = wray.getSync(probe.kernel("bytes").remote(3_000_000, 1)) as Uint8Array;
  assert.is(bytes.length, 3_000_000);
  assert.is(bytes[2], 63);
  assert.is(wray.getSync(probe.kernel("nothing").remote()), undefined);
  assert.equal(wray.getSync(wray.put({ a: [1] })), { a: [1] });
  const sums = wray.getSync(add.map(new Float64Array(100_000).fill(1), 1));
  assert.equal(sums, new Float64Array(100_000).fill(2));
  clearInterval(turn);
  assert.is(turns, 0);
});

test("getSync() waits for a chain, and for tasks that others hold up", async () => {
  const add = await wray.remote("math/add");
  let ref = add.remote(0, 1);
  for (let link = 1; link < 1_000; link++) ref = add.remote(ref, 1);
  assert.is(wray.getSync(ref), 1_000);
  const busy = Array.from({ length: 6 }, (_, index) => probe.kernel("busy").remote(`${index}`, 3_000_000));
  assert.is(wray.getSync(busy.at(-1)!), "5");
});

test("getSync() throws the error of a task, with its place in the source", () => {
  const error = throwsCode(() => wray.getSync(probe.kernel("positive").remote(-1)), "TASK_ERROR");
  assert.match(error.message, /the value must be positive \(at tests\/api\/fixtures\/probe\.ts:\d+/);
});

test("getSync() throws GET_TIMEOUT when the time is over, and the task goes on", async () => {
  const spin = probe.kernel("spin").options({ timeoutMs: 200 }).remote();
  for (const timeoutMs of [0, 20]) {
    const error = throwsCode(() => wray.getSync(spin, { timeoutMs }), "GET_TIMEOUT");
    assert.match(error.message, `not ready within ${timeoutMs} ms`);
  }
  throwsCode(() => wray.getSync(spin), "TASK_TIMEOUT");
});

test("getSync() ends a task that can't end by itself at its time limit, while this thread is blocked", () => {
  throwsCode(() => wray.getSync(probe.kernel("spin").options({ timeoutMs: 30 }).remote()), "TASK_TIMEOUT");
});

test("getSync() refuses what needs the event loop", async () => {
  const table = wray.put(tableFromArrays({ x: [1, 2] }));
  const { message } = throwsCode(() => wray.getSync(table), "INVALID_TASK");
  assert.match(message, "it waits for what this thread has to do");
  await wray.wait([table]);
  assert.match(throwsCode(() => wray.getSync(table), "INVALID_TASK").message, "it is a table");
  const later = probe.kernel("Float64Array_").remote(wray.put(tableFromArrays({ x: [1, 2] })) as never);
  throwsCode(() => wray.getSync(later), "INVALID_TASK");
});

test("getSync() refuses refs of others, and options that it has not", () => {
  throwsCode(() => wray.getSync(5 as never), "INVALID_TASK");
  throwsCode(() => wray.getSync(wray.put(1), { timeoutMs: -1 }), "INVALID_TASK");
  throwsCode(() => wray.getSync(wray.put(1), { timeout: 1 } as never), "INVALID_TASK");
});

test("getSync() takes turns with get", async () => {
  const add = (await wray.remote("math/add")) as Kernel;
  for (let round = 0; round < 50; round++) {
    const refs = Array.from({ length: 40 }, (_, index) => add.remote(round, index));
    const all = wray.get(refs);
    assert.is(wray.getSync(refs[20]!), round + 20);
    assert.is((await all)[39], round + 39);
  }
});

test("getSync() in a cluster gives what is here, and refuses the rest", async (t) => {
  const cluster = await startCluster(t, { hosts: 1 });
  const client = await cluster.connect();
  const add = await client.remote("math/add");
  assert.is(client.getSync(client.put(5)), 5);
  assert.is(client.getSync(client.put(undefined)), undefined);
  const sum = add.remote(1, 2);
  const { message } = throwsCode(() => client.getSync(sum), "INVALID_TASK");
  assert.match(message, "nothing arrives over the bus while this thread is blocked");
  await client.wait([sum]);
  assert.is(client.getSync(sum), 3);
});
