import { init } from "wray";
import { collectGarbage } from "../../../host/worker/collect-garbage.ts";
import { assert, suite } from "../../support/index.ts";
import { facts, openStore } from "./open-store.ts";

const test = suite("a million objects");
const [count, mebibyte] = [1_000_000, 1024 * 1024];
const rssBytes = () => process.memoryUsage.rss();

test("made and freed, one after the other, they leave the store and the memory as they were", (t) => {
  const { store, segments } = openStore(t, 256 * mebibyte);
  let before = 0;
  for (let index = 0; index < count; index++) {
    const object = store.create(16_384 + (index & 7) * 1024, facts);
    object.pin()!.bytes.fill(index & 255);
    object.unpin();
    object.free();
    // By then, all code is compiled and all sizes have been met.
    if (index === count / 10) before = rssBytes();
  }
  assert.is(store.usedBytes, 0);
  assert.is(store.spilledBytes, 0);
  assert.ok(segments.idleBytes <= 8 * 32 * 1024);
  assert.ok(rssBytes() - before < 32 * mebibyte, `${before} bytes before, ${rssBytes()} after`);
});

test(
  "put and dropped by a program, they leave nothing, in bounded memory",
  async (t) => {
    const wray = await init({ cpus: 1, objectStoreBytes: 64 * mebibyte });
    t.after(() => wray.shutdown());
    const value = new Float64Array(1_100);
    let before = 0;
    for (let index = 0; index < count; index++) {
      wray.put(value);
      // The program of a turn that never ends can't be told of what it dropped.
      if (index % 500 === 0) await new Promise(setImmediate);
      if (index === count / 10) before = rssBytes();
    }
    assert.ok(rssBytes() - before < 256 * mebibyte, `${before} bytes before, ${rssBytes()} after`);
    let report = await wray.memory();
    while (report.objects.length > 0) {
      // The report has looked at objects, and so they are kept until the end of the turn.
      await new Promise(setImmediate);
      collectGarbage();
      await new Promise(setImmediate);
      report = await wray.memory();
    }
    assert.is(report.hosts[0]!.usedBytes, 0);
  },
  { timeoutMs: 120_000 },
);
