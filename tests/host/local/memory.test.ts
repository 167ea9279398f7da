import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init, type ObjectRef } from "wray";
import { compileProbe } from "../../api/modules.ts";
import { assert, rejects, suite, type TestContext, throwsCode } from "../../support/index.ts";
import { startBackend } from "./start-backend.ts";

const test = suite("memory of an embedded host");
const mebibyte = 1024 * 1024;

/** A client whose store has room for eight of the arrays below. */
async function startSmall(t: TestContext) {
  const spillFolder = await mkdtemp(join(tmpdir(), "wray-spill-"));
  t.after(() => rm(spillFolder, { recursive: true }));
  const wray = await init({ cpus: 2, objectStoreBytes: 10 * mebibyte, spillFolder });
  t.after(() => wray.shutdown());
  return { wray, spillFolder };
}

const numbers = (seed: number) => new Float64Array(mebibyte / 8 - 1).fill(seed);

test("what has no room goes to disk, comes back for tasks and programs, and leaves no file", async (t) => {
  const { wray, spillFolder } = await startSmall(t);
  const [sum, scale] = [await wray.remote("vector/sum"), await wray.remote("vector/scale")];
  const refs = Array.from({ length: 24 }, (_, seed) => wray.put(numbers(seed)));
  const { hosts } = await wray.memory();
  assert.ok(hosts[0]!.spilledBytes > 10 * mebibyte, `${hosts[0]!.spilledBytes} bytes spilled`);
  const expected = refs.map((_, seed) => seed * numbers(0).length);
  assert.equal(await wray.get(refs.map((ref) => sum.remote(ref))), expected);
  // The results don't all have room, either.
  const doubled = refs.map((ref) => scale.remote(ref, 2));
  assert.equal(
    await wray.get(doubled.map((ref) => sum.remote(ref))),
    expected.map((value) => 2 * value),
  );
  for (const [seed, ref] of refs.entries()) assert.is(((await wray.get(ref)) as Float64Array)[5], seed);
  const spilled = (await wray.memory()).objects.find(({ at }) => at[0]?.place === "disk")!;
  const ref = [...refs, ...doubled].find(({ id }) => id === spilled.id) as ObjectRef;
  assert.match(throwsCode(() => wray.getSync(ref), "INVALID_TASK").message, "it is a table, or on disk");
  assert.equal(await readdir(spillFolder), []);
});

test("what is larger than everything is refused, and so is what has no room beside views", async (t) => {
  const { wray } = await startSmall(t);
  throwsCode(() => wray.put(new Uint8Array(11 * mebibyte)), "OBJECT_STORE_FULL");
  const bytes = (await wray.load(await compileProbe())).kernel("bytes");
  await rejects(wray.get(bytes.remote(11 * mebibyte, 1)), "OBJECT_STORE_FULL");
  const views: unknown[] = [];
  const viewAll = async () => {
    while (true) views.push(await wray.get(wray.put(numbers(1))));
  };
  await rejects(viewAll(), "OBJECT_STORE_FULL");
  assert.ok(views.length >= 7);
  assert.is((views[0] as Float64Array)[0], 1);
});

test("free() gives memory back at once, unless a task or a view needs it", async (t) => {
  const { wray } = await startSmall(t);
  const usedBytes = async () => (await wray.memory()).hosts[0]!.usedBytes;
  const ref = wray.put(numbers(1));
  const one = await usedBytes();
  assert.ok(one >= numbers(1).byteLength);
  const inner = wray.put(numbers(2));
  const outer = wray.put([inner]);
  wray.free([ref, inner]);
  assert.is(await usedBytes(), one);
  const kept = (await wray.memory()).objects.find(({ id }) => id === inner.id)!;
  assert.equal(kept.holders, [{ kind: "object", id: outer.id }]);
  wray.free(outer);
  assert.is(await usedBytes(), 0);
});

test("memory() tells what holds an object", async (t) => {
  const { wray } = await startSmall(t);
  const probe = await wray.load(await compileProbe());
  const ref = wray.put(numbers(1));
  const spin = probe.kernel("spin").remote();
  (await wray.remote("vector/scale")).remote(ref, spin as never);
  const { objects, hosts } = await wray.memory();
  assert.is(hosts.length, 1);
  const [object] = objects;
  assert.is(object!.id, ref.id);
  assert.is(object!.label, "put");
  assert.equal(object!.holders, [{ kind: "ref" }, { kind: "task", label: "vector/scale" }]);
  wray.cancel(spin);
});

test("what goes from task to task does not go through the heap of the program", async (t) => {
  const { call, get } = await startBackend(t, 1);
  const large = call("bytes", [4 * mebibyte, 1]);
  await get(call("checksum", [large]));
  const heapBytes = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = heapBytes();
  for (let round = 0; round < 10; round++)
    await get(call("checksum", [call("bytes", [4 * mebibyte, round])]));
  const after = heapBytes();
  assert.ok(after - before < 2 * mebibyte, `${before} bytes before, ${after} after`);
});
