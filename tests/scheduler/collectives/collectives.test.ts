import { type ElementType, elementTypes, type Reduction, reductions } from "../../../host/wasm/reductions.ts";
import { Reducer } from "../../../host/worker/reducer.ts";
import { disseminate } from "../../../scheduler/collectives/barrier.ts";
import { ringAllGather, ringAllReduce, ringReduceScatter } from "../../../scheduler/collectives/ring.ts";
import { type Extent, type Place, partOf, type Step } from "../../../scheduler/collectives/step.ts";
import { treeAllReduce, treeBroadcast, treeReduce } from "../../../scheduler/collectives/tree.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds, type Random } from "../seeds.ts";

const test = suite("scheduler/collectives");

const lengths = [0, 1, 2, 3, 7, 16, 25];
const chunks = [1, 3, 100];
const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9];

type Combine<T> = (incoming: T, own: T) => T;

/**
 * Runs the members of a gang until all are done, one step of one of them after the other, by chance. Between two of them
 * there is room for one message, the least with which none may wait for ever.
 */
function simulate<T>(random: Random, members: T[][], steps: Iterable<Step>[], combine: Combine<T>): void {
  const runs = steps.map((each) => each[Symbol.iterator]());
  const next = runs.map((run) => run.next());
  const channels = new Map<string, T[]>();
  while (true) {
    const able = next.flatMap(({ done, value }, rank) => {
      if (done) return [];
      const channel = value.kind === "send" ? `${rank} ${value.to}` : `${value.from} ${rank}`;
      return channels.has(channel) === (value.kind === "receive") ? [{ rank, step: value, channel }] : [];
    });
    if (able.length === 0) break;
    const { rank, step, channel } = random.pick(able);
    const array = members[rank]!;
    const { start, count } = step;
    if (step.kind === "send") channels.set(channel, array.slice(start, start + count));
    else {
      const sent = channels.get(channel)!;
      assert.is(sent.length, count, "what is sent is what is taken");
      for (const [index, incoming] of sent.entries())
        array[start + index] = step.reduces ? combine(incoming, array[start + index]!) : incoming;
      channels.delete(channel);
    }
    next[rank] = runs[rank]!.next();
  }
  assert.ok(
    next.every(({ done }) => done),
    "none waits for ever",
  );
  assert.is(channels.size, 0, "all that was sent was taken");
}

const places = (size: number): Place[] => Array.from({ length: size }, (_, rank) => ({ rank, size }));

/** Each element tells whose it was, and where. */
const marked = (size: number, length: number) =>
  places(size).map(({ rank }) => Array.from({ length }, (_, index) => `${rank}.${index}`));

const join: Combine<string> = (incoming, own) => `(${incoming} ${own})`;

/** Calls back for each number of members, length and size of chunks, and root. */
function forAll(body: (random: Random, places: Place[], extent: Extent, root: number) => void): void {
  forSeeds(3, (random) => {
    for (const size of sizes)
      for (const length of lengths)
        for (const chunk of chunks) body(random, places(size), { length, chunk }, random.below(size));
  });
}

/** The ranks in a reduced element, in order; each had to be there once, and of the same place. */
function ranksIn(element: string, size: number, index: number): number[] {
  const found = [...element.matchAll(/(\d+)\.(\d+)/g)];
  assert.equal(
    found.map(([, rank]) => Number(rank)).sort((one, other) => one - other),
    places(size).map(({ rank }) => rank),
  );
  assert.ok(found.every(([, , place]) => Number(place) === index));
  return found.map(([, rank]) => Number(rank));
}

for (const [name, allReduce] of Object.entries({ ringAllReduce, treeAllReduce })) {
  test(`${name}() reduces each element of each member once, in the same order for all and always`, () => {
    const orders = new Map<string, string>();
    forAll((random, all, extent) => {
      const size = all.length;
      const members = marked(size, extent.length);
      simulate(
        random,
        members,
        all.map((place) => allReduce(place, extent)),
        join,
      );
      for (const member of members) assert.equal(member, members[0]);
      for (const [index, element] of members[0]!.entries()) {
        ranksIn(element, size, index);
        const key = `${size} ${extent.length} ${index}`;
        assert.is(element, orders.get(key) ?? element, "chunks don't matter");
        orders.set(key, element);
      }
    });
  });
}

test("ringReduceScatter() leaves each member its own part, and ringAllGather() gives all of them to all", () => {
  forAll((random, all, extent) => {
    const { length } = extent;
    const size = all.length;
    const members = marked(size, length);
    simulate(
      random,
      members,
      all.map((place) => ringReduceScatter(place, extent)),
      join,
    );
    const whole = Array.from({ length }, () => "");
    for (const [rank, member] of members.entries()) {
      const { start, count } = partOf(length, size, rank);
      for (let index = start; index < start + count; index++) {
        ranksIn(member[index]!, size, index);
        whole[index] = member[index]!;
      }
    }
    simulate(
      random,
      members,
      all.map((place) => ringAllGather(place, extent)),
      join,
    );
    for (const member of members) assert.equal(member, whole);
  });
});

test("treeReduce() and treeBroadcast() bring all to any root, and what it has to all", () => {
  forAll((random, all, extent, root) => {
    const members = marked(all.length, extent.length);
    simulate(
      random,
      members,
      all.map((place) => treeReduce(place, root, extent)),
      join,
    );
    for (const [index, element] of members[root]!.entries()) ranksIn(element, all.length, index);
    const result = [...members[root]!];
    simulate(
      random,
      members,
      all.map((place) => treeBroadcast(place, root, extent)),
      join,
    );
    for (const member of members) assert.equal(member, result);
  });
});

test("partOf() shares all out, in order, and no part has more than one element more than another", () => {
  for (const size of sizes) {
    for (const length of lengths) {
      const parts = places(size).map(({ rank }) => partOf(length, size, rank));
      let end = 0;
      for (const { start, count } of parts) {
        assert.is(start, end);
        assert.ok(count === Math.floor(length / size) || count === Math.ceil(length / size));
        end += count;
      }
      assert.is(end, length);
    }
  }
});

test("disseminate() lets nobody go on before all have begun", () => {
  forSeeds(20, (random) => {
    for (const size of sizes) {
      const late = random.below(size);
      let hasBegun = false;
      const steps = places(size).map(function* (place): Generator<Step> {
        if (place.rank === late) {
          // It begins when all others can do nothing more.
          yield { kind: "receive", from: size, reduces: false, start: 0, count: 0 };
          hasBegun = true;
        }
        yield* disseminate(place);
        assert.ok(hasBegun);
      });
      const starter = function* (): Generator<Step> {
        for (let waits = 50 * size; waits > 0; waits--) {
          yield { kind: "send", to: size, start: 0, count: 0 };
          yield { kind: "receive", from: size, reduces: false, start: 0, count: 0 };
        }
        yield { kind: "send", to: late, start: 0, count: 0 };
      };
      simulate(
        random,
        [...places(size), 0].map(() => []),
        [...steps, starter()],
        join,
      );
    }
  });
});

const arrays = {
  ...{ i8: Int8Array, u8: Uint8Array, i16: Int16Array, u16: Uint16Array, i32: Int32Array, u32: Uint32Array },
  ...{ i64: BigInt64Array, u64: BigUint64Array, f32: Float32Array, f64: Float64Array },
} as const;

/** What JavaScript makes of two elements. */
function expected(type: ElementType, reduction: Reduction, a: number | bigint, b: number | bigint) {
  if (typeof a === "bigint" || typeof b === "bigint") {
    const [x, y] = [BigInt(a), BigInt(b)];
    return { sum: x + y, prod: x * y, min: x < y ? x : y, max: x > y ? x : y }[reduction];
  }
  // Of 32-bit integers, a product has more digits than a double.
  const prod = type.startsWith("f") ? a * b : Number(BigInt.asIntN(32, BigInt(a) * BigInt(b)));
  return { sum: a + b, prod, min: Math.min(a, b), max: Math.max(a, b) }[reduction];
}

test("Reducer reduces every type by every operation, at any length, bit for bit as JavaScript does", () => {
  const reducer = new Reducer();
  forSeeds(5, (random) => {
    for (const type of elementTypes) {
      const Array_ = arrays[type];
      for (const reduction of reductions) {
        for (const length of [0, 1, 2, 5, 16, 33]) {
          const [incoming, own] = [new Array_(length), new Array_(length)];
          for (const array of [incoming, own]) {
            if (type.startsWith("f")) {
              const special = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e30, -1.5];
              for (let at = 0; at < length; at++)
                array[at] = random.happens(0.3) ? random.pick(special) : random.next() - 0.5;
            } else {
              const bytes = new Uint8Array(array.buffer);
              for (let at = 0; at < bytes.length; at++) bytes[at] = random.below(256);
            }
          }
          const right = new Array_(length);
          for (let at = 0; at < length; at++)
            right[at] = expected(type, reduction, incoming[at]!, own[at]!) as never;
          const bytes = new Uint8Array(own.buffer);
          reducer.room(bytes.byteLength).set(new Uint8Array(incoming.buffer));
          reducer.reduceInto(bytes, type, reduction);
          for (let at = 0; at < length; at++)
            assert.ok(Object.is(own[at], right[at]), `${reduction} ${type} of ${incoming[at]} and the other`);
        }
      }
    }
  });
});
