import { encode } from "@msgpack/msgpack";
import type { Client, Kernel } from "wray";
import { compileProbe } from "../api/modules.ts";
import { randomOf } from "../scheduler/seeds.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("malformed messages");
let cluster: Cluster;
let wray: Client;
let bytes: Kernel;
let checksum: Kernel;

test.before(async (t) => {
  cluster = await startCluster(t, { hosts: 1 });
  wray = await cluster.connect();
  const probe = await wray.load(await compileProbe());
  bytes = probe.kernel("bytes");
  checksum = probe.kernel("checksum");
});

/** Every subject on which a host or a client listens. */
const subjects = () => {
  const prefix = "wray.v1.default";
  const places = [`host.${cluster.hosts[0]!.id}.tasks`, `host.${cluster.hosts[0]!.id}.objects`];
  return [...places, `client.${wray.id}.results`, `client.${wray.id}.objects`, "load", "hello"].map(
    (place) => `${prefix}.${place}`,
  );
};

/** Runs honest tasks, small and large, while `disturb` goes on, and checks that host and client are as before. */
async function worksDespite(
  disturb: (publish: (payload: Uint8Array) => void) => Promise<void>,
): Promise<void> {
  const nats = await cluster.nats();
  const run = async () => {
    const large = Array.from({ length: 4 }, (_, seed) => bytes.remote(300_000, seed));
    const sums = large.map((ref) => checksum.remote(ref));
    for (const [seed, sum] of (await wray.get(sums)).entries()) {
      assert.is(sum, await wray.get(checksum.remote((await wray.get(large[seed]!)) as Uint8Array)));
    }
  };
  const running = run();
  await disturb((payload) => {
    for (const subject of subjects()) nats.publish(subject, payload);
  });
  await nats.flush();
  await running;
  await run();
  assert.is(cluster.hosts[0]!.process.exitCode, null);
  assert.not.match(cluster.hosts[0]!.text(), /could not be handled|reader closed/);
  // A heartbeat may have told of a host that is not there, but of ours nothing wrong.
  assert.is(wray.nodes().find(({ id }) => id === cluster.hosts[0]!.id)?.state, "up");
  await nats.close();
}

test("a host and a client go on when 3,000 random payloads reach each of their subjects", async () => {
  const seed = Date.now() >>> 0;
  console.log(`seed ${seed}`);
  const { below } = randomOf(seed);
  const honest = [
    { from: "x", session: "s", seq: 1, ack: 0, messages: [{ kind: "bye" }] },
    { id: "x", offset: 0, length: 10 },
    { v: 1, host: "h", epoch: 1, cpus: 1, queued: 0, running: 0, state: "draining" },
  ].map((message) => [...encode(message)]);
  await worksDespite(async (publish) => {
    for (let count = 0; count < 3_000; count++) {
      const whole = honest[below(honest.length)]!;
      const payload =
        below(3) === 0
          ? Array.from({ length: below(40) }, () => below(256))
          : whole.slice(0, 1 + below(whole.length));
      for (let flips = below(4); flips > 0; flips--) payload[below(payload.length)] = below(256);
      publish(Uint8Array.from(payload));
    }
  });
});

const packet = { from: "stranger", session: "s", seq: 1, ack: 0, messages: [] as unknown[] };
const task = { id: "t", module: "0".repeat(64), kernel: "f", args: [] as unknown[] };
const withTask = (changes: object) => ({
  ...packet,
  messages: [{ kind: "task", task: { ...task, ...changes } }],
});
const heartbeat = { v: 1, host: "h", epoch: 1, cpus: 1, queued: 0, running: 0, state: "left" };

/** Messages that are well-formed but lie: names that are no part of a subject, numbers out of all range. */
const lies: Record<string, object> = {
  "a sender's name breaks the subject": { ...packet, from: "a b\r\nPUB x 0\r\n" },
  "a sender's name is empty": { ...packet, from: "" },
  "a sender's name is a wildcard": { ...packet, from: ">" },
  "a packet comes out of the blue": { ...packet, seq: 7 },
  "a packet acknowledges what was never sent": { ...packet, ack: Number.MAX_SAFE_INTEGER },
  "a reset is for nobody": { ...packet, reset: true },
  "a module does not exist": withTask({}),
  "a module's name is odd": withTask({ module: "a b/>\r\n" }),
  "an argument is at a place that breaks the subject": withTask({
    args: [{ ref: "r", at: [{ kind: "host", id: "a b\r\nPUB x 0\r\n" }] }],
  }),
  "an argument is no encoded value": withTask({ args: [new Uint8Array(3), new Uint8Array(0)] }),
  "a time limit is longer than a timer can run": withTask({ timeoutMs: 2 ** 40 }),
  "a packet repeats one task often": { ...packet, messages: Array(500).fill({ kind: "task", task }) },
  "a call is by no template": { ...packet, messages: [Uint8Array.of(7, 1, 0, 0)] },
  "a run is cut short": { ...packet, messages: [Uint8Array.of(0, 1, 200)] },
  "a run claims more arguments than there are": {
    ...packet,
    messages: [Uint8Array.of(0, 1, 255, 255, 255, 255, 15)],
  },
  "values are for nobody": { ...packet, messages: [new Uint8Array(22)] },
  "objects are released that nobody has": { ...packet, messages: [{ kind: "release", ids: ["a", ""] }] },
  "a result is for nobody": {
    ...packet,
    messages: [{ kind: "result", id: "x", outcome: { kind: "returned" } }],
  },
  "more of an object is asked for than a message holds": {
    id: "x",
    offset: 0,
    length: Number.MAX_SAFE_INTEGER,
  },
  "a heartbeat has a name that breaks the subject": { ...heartbeat, host: "a b\r\n", state: "up" },
  "a heartbeat is of another version": { ...heartbeat, v: 2 },
  "a heartbeat has no cpus": { ...heartbeat, cpus: 0 },
};

for (const [what, message] of Object.entries(lies)) {
  test(`a host and a client go on when ${what}`, async () => {
    await worksDespite(async (publish) => publish(encode(message)));
  });
}

test("a host answers with what fits when more of an object is asked for than a message holds", async () => {
  const nats = await cluster.nats();
  const ref = bytes.remote(3_000_000, 1);
  await wray.wait([ref]);
  const request = encode({ id: ref.id, offset: 0, length: 3_000_000 });
  const reply = await nats.request(`wray.v1.default.host.${cluster.hosts[0]!.id}.objects`, request);
  assert.ok(reply.data.byteLength <= 1024 * 1024);
  await worksDespite(async () => {});
});
