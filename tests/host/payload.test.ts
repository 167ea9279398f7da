import { init } from "wray";
import { startNatsServer } from "../../scripts/nats/index.ts";
import { compileProbe } from "../api/modules.ts";
import { bytesOf, startJob } from "../faults/job.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, rejects, suite } from "../support/index.ts";

const test = suite("max_payload");

test("a cluster works when its server carries only small messages", async (t) => {
  const wasm = await compileProbe();
  const cluster = await startCluster(t, { hosts: 2, config: "max_payload: 128KB\n" });
  const wray = await cluster.connect();
  const probe = await wray.load(wasm);
  await startJob(wray, probe, 40).check();
  // Many at once, each of a size that just travels inside a message.
  const [checksum, bytes, join] = ["checksum", "bytes", "join"].map((name) => probe.kernel(name));
  const sums = Array.from({ length: 100 }, (_, seed) => checksum!.remote(bytesOf(8_000, seed)));
  const values = Array.from({ length: 100 }, (_, seed) => bytes!.remote(8_000, seed));
  const texts = Array.from({ length: 100 }, () => join!.remote("x".repeat(4_000), "y".repeat(4_000)));
  assert.is((await wray.get(sums)).length, 100);
  for (const [seed, value] of (await wray.get(values)).entries()) assert.equal(value, bytesOf(8_000, seed));
  for (const text of await wray.get(texts)) assert.is((text as string).length, 8_000);
  // Errors travel together, too.
  const errors = Array.from({ length: 64 }, () => probe.kernel("fail").remote("long ".repeat(10_000)));
  const outcomes = await Promise.allSettled(errors.map((ref) => wray.get(ref)));
  assert.ok(
    outcomes.every((outcome) => outcome.status === "rejected" && outcome.reason.code === "TASK_ERROR"),
  );
});

test("init() says what to do when messages may be too small for a task", async (t) => {
  const server = await startNatsServer({ config: "max_payload: 64KB\n" });
  t.after(() => server.stop());
  const error = await rejects(init({ servers: server.url }), "CONNECTION_FAILED");
  assert.match(error.message, "carries messages of 65536 bytes only");
  assert.match(String((error as { remedy?: string }).remedy), "max_payload to 128KB");
});
