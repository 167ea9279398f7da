import { closeSync } from "node:fs";
import { makePairFile, openPairFile } from "../../../host/gangs/pair-file.ts";
import {
  ByteRing,
  boardBytes,
  nobody,
  ringCapacity,
  streamEnd,
  theHost,
} from "../../../host/ring/byte-ring.ts";
import { FileRing } from "../../../host/worker/file-ring.ts";
import type { Stream } from "../../../host/worker/mesh.ts";
import { forSeeds } from "../../scheduler/seeds.ts";
import { assert, suite, type TestContext } from "../../support/index.ts";

const test = suite("host/ring/byte-streams");

/** So large that rings are small. */
const size = 256;
const capacity = ringCapacity(size);

type Ends = { out: Stream; in: Stream; back: Stream };

/** Both ends of a stream from rank 3 to rank 1, and the beginning of the one back. */
const kinds: Record<string, (t: TestContext) => Ends> = {
  memory() {
    const board = new SharedArrayBuffer(boardBytes(size));
    const ring = (from: number, to: number) => new ByteRing(board, size, from, to, () => {});
    return { out: ring(3, 1), in: ring(3, 1), back: ring(1, 3) };
  },
  file(t) {
    const one = makePairFile(size)!;
    const other = openPairFile({ pid: process.pid, descriptor: one }, size)!;
    for (const file of [one, other]) t.after(() => closeSync(file));
    return {
      out: new FileRing(one, size, 3, 1),
      in: new FileRing(other, size, 3, 1),
      back: new FileRing(other, size, 1, 3),
    };
  },
};

for (const [kind, open] of Object.entries(kinds)) {
  test(`a ${kind} ring gives all bytes in order, whoever is faster, many times around`, (t) => {
    forSeeds(10, (random) => {
      const ends = open(t);
      let [written, read] = [0, 0];
      while (written < 20 * capacity) {
        const bytes = new Uint8Array(random.below(random.pick([3, 100, 2 * capacity])));
        for (let at = 0; at < bytes.length; at++) bytes[at] = (written + at) % 251;
        const count = ends.out.write(bytes);
        assert.is(count, Math.min(bytes.length, capacity - (written - read)), "as much as there is room for");
        written += count;
        const into = new Uint8Array(random.below(random.pick([3, 100, 2 * capacity])));
        const taken = ends.in.read(into);
        assert.is(taken, Math.min(into.length, written - read), "as much as there is");
        for (let at = 0; at < taken; at++) assert.is(into[at], (read + at) % 251);
        read += taken;
      }
      assert.is(ends.back.write(Uint8Array.of(7)), 1);
    });
  });

  test(`the reader of a ${kind} ring that has ended gets what is in it, and each end sees how it ended first`, (t) => {
    const ends = open(t);
    ends.out.write(Uint8Array.of(1, 2, 3));
    assert.is(ends.in.ended, streamEnd.open);
    ends.out.end(streamEnd.closed);
    assert.equal([ends.in.ended, ends.out.ended, ends.back.ended], [streamEnd.closed, streamEnd.closed, 0]);
    const into = new Uint8Array(5);
    assert.is(ends.in.read(into), 3);
    assert.equal(into, Uint8Array.of(1, 2, 3, 0, 0));
    assert.is(ends.in.read(into), 0);
  });
}

test("who sleeps at one end of a ring in memory is woken once by what moves at the other", () => {
  const board = new SharedArrayBuffer(boardBytes(2));
  const woken: number[] = [];
  const ring = new ByteRing(board, 2, 0, 1, (sleeper) => woken.push(sleeper));
  ring.write(Uint8Array.of(1));
  assert.equal(woken, [], "nobody sleeps");
  ring.readerSleeps(5);
  ring.writerSleeps(theHost);
  ring.write(Uint8Array.of(2));
  ring.write(Uint8Array.of(3));
  assert.equal(woken, [5]);
  ring.read(new Uint8Array(1));
  ring.read(new Uint8Array(1));
  assert.equal(woken, [5, theHost]);
  ring.readerSleeps(6);
  ring.readerSleeps(nobody);
  ring.write(Uint8Array.of(4));
  ring.writerSleeps(7);
  ring.end(streamEnd.broken);
  ring.end(streamEnd.closed);
  assert.equal(woken, [5, theHost, 7]);
  assert.is(ring.ended, streamEnd.broken);
});

test("a file of two members is not opened when it is another, or is gone", (t) => {
  const file = makePairFile(2)!;
  t.after(() => closeSync(file));
  assert.is(openPairFile({ pid: process.pid, descriptor: file }, size), undefined);
  assert.is(openPairFile({ pid: process.pid, descriptor: 1_000_000 }, 2), undefined);
  assert.is(openPairFile({ pid: process.pid, descriptor: 0 }, 2), undefined);
  const again = openPairFile({ pid: process.pid, descriptor: file }, 2)!;
  closeSync(again);
});

test("the rings of a gang take at most 256 MiB together, and a chunk has room in each", () => {
  for (let members = 1; members <= 256; members++) {
    const bytes = ringCapacity(members);
    assert.ok(Number.isInteger(Math.log2(bytes)), `${bytes}`);
    assert.ok(bytes >= 4 * 1024 && bytes <= 1024 * 1024);
    assert.ok(bytes * members ** 2 <= 256 * 1024 * 1024);
  }
});
