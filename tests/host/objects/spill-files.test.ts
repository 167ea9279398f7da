import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SpillFiles } from "../../../host/objects/spill-files.ts";
import { assert, rejects, suite, type TestContext, throwsCode } from "../../support/index.ts";
import { openSpillFiles } from "./spilled-files.ts";

const test = suite("SpillFiles");

function folderOf(t: Pick<TestContext, "after">): string {
  const folder = mkdtempSync(join(tmpdir(), "wray-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Bytes that differ from place to place, in shared memory. */
function bytesOf(byteLength: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(byteLength));
  for (let index = 0; index < byteLength; index++) bytes[index] = (index * 31 + seed + (index >>> 12)) & 255;
  return bytes;
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

test("write() and writeSync() give slots from which read() has the same bytes", async (t) => {
  const files = new SpillFiles(folderOf(t));
  const list = [bytesOf(9_000, 1), bytesOf(9 * 1024 * 1024 + 3, 2), bytesOf(20_000, 3)];
  for (const slots of [await files.write(list), files.writeSync(list)]) {
    for (const [index, bytes] of list.entries()) {
      const memory = new Uint8Array(new SharedArrayBuffer(bytes.byteLength + 100));
      await files.read(slots[index]!, memory);
      assert.ok(same(memory.subarray(0, bytes.byteLength), bytes));
    }
    for (const slot of slots) files.discard(slot);
  }
  assert.is(files.bytes, 0);
});

test("a file has no name, in a folder that it makes if need be, and is closed with its last slot", async (t) => {
  const folder = join(folderOf(t), "deep", "er");
  const files = new SpillFiles(folder);
  const slots = await files.write([bytesOf(10_000, 1), bytesOf(10_000, 2)]);
  assert.equal(readdirSync(folder), []);
  assert.is(files.bytes, 20_000);
  if (!existsSync("/proc/self/fd")) return;
  assert.is(openSpillFiles().length, 1);
  assert.is(statSync(openSpillFiles()[0]!).mode & 0o777, 0o600);
  files.discard(slots[0]!);
  const reading = files.read(slots[1]!, new Uint8Array(10_000));
  files.discard(slots[1]!);
  assert.is(openSpillFiles().length, 1);
  await reading;
  while (openSpillFiles().length > 0) await new Promise(setImmediate);
});

test("what is not what was written is lost: other bytes, or fewer", async (t) => {
  if (!existsSync("/proc/self/fd")) return;
  const files = new SpillFiles(folderOf(t));
  const [first, second] = await files.write([bytesOf(10_000, 1), bytesOf(10_000, 2)]);
  const [path] = openSpillFiles();
  const file = await open(path!, "r+");
  await file.write(Uint8Array.of(1, 2, 3), 0, 3, 5_000);
  await file.close();
  const error = await rejects(files.read(first!, new Uint8Array(10_000)), "OBJECT_LOST");
  assert.match(error.message, "checksum");
  await files.read(second!, new Uint8Array(10_000));
  truncateSync(path!, 15_000);
  assert.match((await rejects(files.read(second!, new Uint8Array(10_000)), "OBJECT_LOST")).message, "short");
  for (const slot of [first!, second!]) files.discard(slot);
});

test("a folder that can't be written to is an error that names it, and what to do", async (t) => {
  const file = join(folderOf(t), "file");
  writeFileSync(file, "");
  const files = new SpillFiles(join(file, "folder"));
  const error = await rejects(files.write([bytesOf(10, 1)]), "OUT_OF_DISK");
  assert.match(error.message, file);
  assert.match((error as unknown as { remedy: string }).remedy, "spillFolder");
  throwsCode(() => files.writeSync([bytesOf(10, 1)]), "OUT_OF_DISK");
});
