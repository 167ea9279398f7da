import { decode, encode } from "@msgpack/msgpack";
import type { NatsConnection } from "nats";
import { placeOf } from "../api/place-of.ts";
import { compileOnce } from "../kernels/asc.ts";
import { randomOf } from "../scheduler/seeds.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { assert, rejects, suite } from "../support/index.ts";

type Reply = {
  v: number;
  host: string;
  id?: string;
  value?: unknown;
  error?: { code: string; message: string; remedy?: string; stack?: string; data?: Record<string, unknown> };
};

const test = suite("submit");
let cluster: Cluster;
let nats: NatsConnection;

test.before(async (t) => {
  cluster = await startCluster(t, { config: "max_payload: 8MB\n" });
  nats = await cluster.nats();
});

const send = async (payload: string | Uint8Array): Promise<Uint8Array> =>
  (await nats.request("wray.v1.default.submit", payload, { timeout: 10_000 })).data;

const json = async (task: unknown): Promise<Reply> =>
  JSON.parse(Buffer.from(await send(typeof task === "string" ? task : JSON.stringify(task))).toString());

const msgpack = async (task: unknown): Promise<Reply> =>
  decode(await send(task instanceof Uint8Array ? task : encode(task)), { useBigInt64: true }) as Reply;

/** The host is as good as before. */
async function stillWorks(): Promise<void> {
  assert.is((await json({ kernel: "math/add", args: [1, 2] })).value, 3);
}

test("submit answers JSON with JSON and MessagePack with MessagePack", async () => {
  const expected = { v: 1, host: cluster.hosts[0]!.id, id: "mine", value: 3 };
  assert.equal(await json({ kernel: "math/add", args: [1, 2], id: "mine" }), expected);
  assert.equal(await json(' \n{"v":1,"kernel":"math/add","args":[1,2],"id":"mine"}'), expected);
  const reply = await msgpack({ v: 1, kernel: "math/add", args: [1, 2], id: "mine" });
  assert.equal({ ...reply, v: Number(reply.v) }, expected);
  assert.match((await json({ kernel: "math/add", args: [1, 2] })).id!, /^[0-9a-z]{12}$/);
});

test("submit takes and gives every kind of value in plain form", async () => {
  assert.is((await json({ kernel: "math/fib", args: [90] })).value, "2880067194370816120");
  assert.is((await msgpack({ kernel: "math/fib", args: [90] })).value, 2880067194370816120n);
  assert.equal(
    (
      await json({
        kernel: "vector/add",
        args: [
          [1, 2],
          [0.5, "NaN"],
        ],
      })
    ).value,
    [1.5, "NaN"],
  );
  const bytes = (await msgpack({ kernel: "vector/scale", args: [[1, 2], 3] })).value as Uint8Array;
  assert.equal(new Float64Array(Uint8Array.from(bytes).buffer), Float64Array.of(3, 6));
  assert.is((await json({ kernel: "math/add", args: ["Infinity", 1] })).value, "Infinity");
  assert.ok(Math.abs((await json({ kernel: "math/pi", args: [] })).value as number) - Math.PI < 1e-5);
});

test("submit takes and gives arrays, objects and null in plain form", async (t) => {
  const wray = await cluster.connect();
  t.after(() => wray.shutdown());
  await wray.load(await compileOnce("tests/host/fixtures/shapes.ts"));
  const point = { x: "-Infinity", id: "18446744073709551615" };
  const line = { points: [point, null], data: [1, 2] };
  const task = { kernel: "shapes/repeated", args: [line, [2]] };
  const repeated = { points: [point, null, point, null], label: null, data: [1, 2] };
  assert.equal((await json(task)).value, repeated);

  const same = { x: -1 / 0, id: 2n ** 64n - 1n };
  assert.equal((await msgpack(task)).value, {
    points: [same, null, same, null],
    label: null,
    data: Buffer.of(1, 2), // as the payload that it is a part of
  });
  const { error } = await json({
    kernel: "shapes/repeated",
    args: [{ points: [{ x: 1, id: -1 }], data: [] }, [1]],
  });
  assert.match(
    error!.message,
    "parameter line.points[0].id must be u64 (a bigint, such as 5n), but is the bigint -1n",
  );
});

const valid = { kernel: "math/add", args: [1, 2] };

const bad: [what: string, task: unknown, code: string, message: string][] = [
  ["has an empty payload", "", "PROTOCOL_ERROR", "malformed JSON"],
  ["is truncated JSON", '{"kernel":"math/add","args":[1,', "PROTOCOL_ERROR", "malformed JSON"],
  ["is JSON with more behind it", '{"kernel":"math/add","args":[1,2]}}', "PROTOCOL_ERROR", "malformed JSON"],
  ["is no map", " [1,2]", "PROTOCOL_ERROR", "task must be a map, but is a list"],
  ["has another version", { ...valid, v: 2 }, "PROTOCOL_ERROR", "protocol version 2 is unknown"],
  ["has an odd version", { ...valid, v: "1" }, "PROTOCOL_ERROR", 'protocol version "1" is unknown'],
  ["has an unknown field", { ...valid, retries: 3 }, "INVALID_TASK", "unknown field retries"],
  ["has no kernel", { args: [] }, "PROTOCOL_ERROR", "task.kernel must be a string, but is undefined"],
  ["has no list", { kernel: "math/add", args: "1,2" }, "PROTOCOL_ERROR", "task.args must be a list"],
  ["has an odd id", { ...valid, id: 5 }, "PROTOCOL_ERROR", "task.id must be a string"],
  ["has an odd time limit", { ...valid, timeoutMs: -1 }, "PROTOCOL_ERROR", "task.timeoutMs must be"],
  ["names no kernel", { kernel: "add", args: [] }, "KERNEL_NOT_FOUND", '"add" names no kernel'],
  ["names no module of ours", { kernel: "no/add", args: [] }, "MODULE_NOT_FOUND", '"no"'],
  ["names a missing kernel", { kernel: "math/no", args: [] }, "KERNEL_NOT_FOUND", 'no kernel "no"'],
  [
    "has too few arguments",
    { kernel: "math/add", args: [1] },
    "INVALID_TASK",
    "takes 2 arguments, but got 1",
  ],
  ["has a wrong type", { kernel: "math/add", args: [1, "x"] }, "INVALID_TASK", "parameter b must be f64"],
  ["has a list of odd items", { kernel: "vector/sum", args: [[1, {}]] }, "INVALID_TASK", "parameter a"],
  ["fails", { kernel: "math/fib", args: [93] }, "TASK_ERROR", "math/fib: fib(n) takes n from 0 to 92"],
  ["runs too long", { kernel: "math/pi", args: [2e9], timeoutMs: 20 }, "TASK_TIMEOUT", "its 20 ms"],
];

for (const [what, task, code, message] of bad) {
  test(`submit answers with ${code} when a task ${what}`, async () => {
    const replies = [await json(task)];
    if (typeof task !== "string") replies.push(await msgpack(task));
    for (const { v, host, error } of replies) {
      assert.is(Number(v), 1);
      assert.is(host, cluster.hosts[0]!.id);
      assert.is(error?.code, code);
      assert.match(error!.message, message);
      assert.is(error!.stack, undefined);
    }
    await stillWorks();
  });
}

test("submit tells the place and the kernel's stack, and nothing of the host, when a kernel fails", async () => {
  const file = "kernels/std/vector.ts";
  const check = placeOf(file, "throw new Error(");
  const call = placeOf(file, 'checkLengths("add", a, b)');
  const task = { kernel: "vector/add", args: [[1], [1, 2]] };
  for (const { error } of [await json(task), await msgpack(task)]) {
    assert.is(error!.code, "TASK_ERROR");
    const position = `${file}:${check.line}:${check.column}`;
    assert.ok(error!.message.endsWith(` (at ${position})`), error!.message);
    assert.equal(error!.data, {
      thread: error!.data!.thread,
      kernel: "vector/add",
      position,
      stack: [
        { function: "checkLengths", ...check },
        { function: "add", ...call },
      ],
    });
    assert.is(error!.stack, undefined);
  }
});

test("submit runs a task whose time limit is longer than a timer can run", async () => {
  assert.is((await json({ ...valid, timeoutMs: 2 ** 40 })).value, 3);
});

test("submit answers with PROTOCOL_ERROR when MessagePack is truncated, wherever it is", async () => {
  const whole = encode({ kernel: "vector/sum", args: [[1.5, 2.5]], id: "id" });
  for (let length = 1; length < whole.length; length++) {
    const { error } = await msgpack(whole.slice(0, length));
    assert.is(error?.code, "PROTOCOL_ERROR", `${length} of ${whole.length} bytes`);
  }
  await stillWorks();
});

test("submit answers with PROTOCOL_ERROR when a task has 2 MiB", async () => {
  const args = ["x".repeat(2 * 1024 * 1024)];
  for (const ask of [json, msgpack]) {
    const { error } = await ask({ kernel: "math/add", args });
    assert.is(error?.code, "PROTOCOL_ERROR");
    assert.match(error!.message, "the limit is 1048576");
  }
  await stillWorks();
});

test("submit answers each of 500 random payloads with an error", async () => {
  const seed = Date.now() >>> 0;
  const { below } = randomOf(seed);
  const whole = [...encode(valid)];
  const garbage = () => {
    const bytes = below(2) === 0 ? [...whole] : Array.from({ length: below(60) }, () => below(256));
    for (let flips = 1 + below(3); flips > 0; flips--) bytes[below(bytes.length)] = below(256);
    return Uint8Array.from(bytes);
  };
  const payloads = Array.from({ length: 500 }, garbage);
  for (const reply of await Promise.all(payloads.map(send))) {
    const { v, host, error, value } = (
      reply[0] === 0x7b ? JSON.parse(Buffer.from(reply).toString()) : decode(reply)
    ) as Reply;
    assert.is(v, 1, `seed ${seed}`);
    assert.is(host, cluster.hosts[0]!.id);
    // A flipped bit may have left a task that is right.
    assert.ok(typeof error?.code === "string" || typeof value === "number", `seed ${seed}`);
  }
  await stillWorks();
});

test("submit answers with PROTOCOL_ERROR when a result is larger than a message may be", async (t) => {
  const small = await startCluster(t, { config: "max_payload: 128KB\n" });
  const connection = await small.nats();
  const ones = Array.from({ length: 20_000 }, () => 1);
  const request = { kernel: "vector/scale", args: [ones, 0.1 + 0.2] };
  const replies = [
    (await connection.request("wray.v1.default.submit", JSON.stringify(request))).json<Reply>(),
    decode((await connection.request("wray.v1.default.submit", encode(request))).data) as Reply,
  ];
  for (const { error } of replies) {
    assert.is(error?.code, "PROTOCOL_ERROR");
    assert.match(error!.message, /the result has \d+ bytes; the NATS server carries 131072/);
  }
});

test("submit has no responder when the cluster has no host", async () => {
  await rejects(nats.request("wray.v1.empty.submit", JSON.stringify(valid)), "503");
});
