import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startCommand } from "../../support/command.ts";
import { assert, rejects, suite, throwsCode } from "../../support/index.ts";
import { facts, filled, isFilledWith, openStore } from "./open-store.ts";

const test = suite("spilling");
const kib = 1024;

test("past 80 % the least recently used go to disk, down to 70 %, and come back as they were", async (t) => {
  const { store } = openStore(t, 1024 * kib);
  const objects = Array.from({ length: 16 }, (_, byte) => filled(store, 64 * kib, byte));
  // Used later than all others.
  objects[0]!.pin();
  objects[0]!.unpin();
  await store.settled();
  assert.equal(
    objects.flatMap(({ memoryBytes }, index) => (memoryBytes === 0 ? [index] : [])),
    [1, 2, 3, 4, 5],
  );
  assert.is(store.usedBytes, 11 * 64 * kib);
  assert.is(store.spilledBytes, 5 * 64 * kib);
  for (const [byte, object] of objects.entries()) {
    const { bytes } = await object.pinned();
    assert.ok(isFilledWith(bytes, byte));
    object.unpin();
    assert.ok(isFilledWith(await object.viewed(), byte));
  }
  for (const object of objects) object.free();
  assert.is(store.spilledBytes, 0);
});

test("up to 80 %, nothing is spilled", async (t) => {
  const { store } = openStore(t, 1024 * kib);
  for (let count = 0; count < 12; count++) filled(store, 64 * kib, count);
  await store.settled();
  assert.is(store.spilledBytes, 0);
});

test("create() spills at once when there is no room, but not what is pinned or viewed", async (t) => {
  const { store } = openStore(t, 64 * kib);
  const pinned = filled(store, 16 * kib, 1);
  pinned.pin();
  const viewed = filled(store, 16 * kib, 2);
  const view = viewed.view()!;
  const objects = Array.from({ length: 10 }, (_, index) => filled(store, 16 * kib, 10 + index));
  assert.ok(store.usedBytes <= 64 * kib);
  assert.ok(pinned.memoryBytes > 0 && !pinned.isOnDisk);
  assert.ok(viewed.memoryBytes > 0 && !viewed.isOnDisk);
  assert.ok(isFilledWith(view, 2));
  for (const [index, object] of objects.entries()) {
    assert.ok(isFilledWith((await object.pinned()).bytes, 10 + index));
    object.unpin();
  }
});

test("what has come back from disk is not written again", async (t) => {
  const { store } = openStore(t, 64 * kib);
  const [first] = Array.from({ length: 8 }, (_, byte) => filled(store, 16 * kib, byte));
  await store.settled();
  const spilledBytes = store.spilledBytes;
  await first!.restore();
  assert.ok(first!.memoryBytes > 0);
  assert.ok(first!.isOnDisk);
  await store.settled();
  assert.ok(store.spilledBytes <= spilledBytes + 16 * kib);
});

test("those who wait for an object at the same time have it restored once", async (t) => {
  const { store } = openStore(t, 64 * kib);
  const [first] = Array.from({ length: 8 }, (_, byte) => filled(store, 16 * kib, byte));
  await store.settled();
  assert.is(first!.memoryBytes, 0);
  const segments = await Promise.all([first!.pinned(), first!.pinned(), first!.pinned()]);
  assert.is(new Set(segments).size, 1);
  assert.ok(store.usedBytes <= 64 * kib);
  for (const _ of segments) first!.unpin();
});

test("an object that is freed while it is read or written leaves nothing", async (t) => {
  const { store } = openStore(t, 64 * kib);
  const objects = Array.from({ length: 4 }, (_, byte) => filled(store, 16 * kib, byte));
  // Its first step comes with the next turn.
  await new Promise(setImmediate);
  for (const object of objects) object.free();
  await store.settled();
  assert.is(store.usedBytes, 0);
  assert.is(store.spilledBytes, 0);
  const [first, ...others] = Array.from({ length: 8 }, (_, byte) => filled(store, 16 * kib, byte));
  await store.settled();
  const restoring = first!.pinned();
  first!.free();
  await rejects(restoring, "OBJECT_LOST");
  for (const object of others) object.free();
  assert.is(store.usedBytes, 0);
  assert.is(store.spilledBytes, 0);
});

test("when objects can't be written, they stay, and who needs room hears why", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "wray-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), "");
  const { store } = openStore(t, 64 * kib, { spillFolder: join(folder, "file", "none") });
  const objects = Array.from({ length: 4 }, (_, byte) => filled(store, 16 * kib, byte));
  throwsCode(() => store.create(16 * kib, facts), "OUT_OF_DISK");
  await store.settled();
  for (const [byte, object] of objects.entries()) assert.ok(isFilledWith(object.view()!, byte));
  objects[0]!.free();
});

test("a disk that is full is an error, after which all is still there", async () => {
  // Files of this process may have 64 KiB, in blocks of 512 bytes.
  const program = `ulimit -f 128; exec "${process.execPath}" build/tests/host/objects/full-disk.mjs`;
  const { stdout } = await promisify(execFile)("sh", ["-c", program]);
  assert.is(stdout, "OUT_OF_DISK: all is there\n");
});

test("a process that is killed while it spills leaves no file", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "wray-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = startCommand(t, [folder], { file: "build/tests/host/objects/spill-on.mjs" });
  await program.printed(/has spilled/);
  program.process.kill("SIGKILL");
  assert.is((await program.ended).signal, "SIGKILL");
  assert.equal(readdirSync(folder), []);
});
