import { parkedWord, runningWord } from "../../../host/ring/control.ts";
import { Intake } from "../../../host/ring/intake.ts";
import {
  controlAt,
  mostWorkers,
  sharedBytes,
  submissionsAt,
  viewShared,
  workerCountWord,
} from "../../../host/ring/layout.ts";
import { Submissions } from "../../../host/ring/rings.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("Intake");

/** What so many workers share, and the intake of one. */
function workers(count: number, index: number) {
  const shared = viewShared(new SharedArrayBuffer(sharedBytes));
  const { words } = shared;
  words[workerCountWord] = count;
  return {
    words,
    intake: new Intake(shared, index),
    rings: Array.from({ length: count }, (_, other) => new Submissions(words, submissionsAt(other))),
    announced: () => words[controlAt(index) + runningWord]! - 1,
    park: (isParked: boolean) => {
      words[controlAt(index) + parkedWord] = Number(isParked);
    },
  };
}

const takeAll = (intake: Intake): number[] => {
  const taken: number[] = [];
  for (let slot = intake.take(); slot >= 0; slot = intake.take()) taken.push(slot);
  return taken;
};

test("take() gives what is in the worker's own ring first, and then what is in others", () => {
  const { intake, rings } = workers(3, 1);
  rings[0]!.push(10);
  rings[2]!.push(20);
  for (const slot of [1, 2, 3]) rings[1]!.push(slot);
  assert.equal(takeAll(intake).slice(0, 3), [1, 2, 3]);
  assert.is(intake.take(), -1);
  rings[2]!.push(21);
  rings[1]!.push(4);
  assert.equal(takeAll(intake), [4, 21]);
});

test("take() begins with another worker each time when it takes from them", () => {
  const { intake, rings } = workers(4, 0);
  for (const [index, ring] of rings.entries()) {
    if (index > 0) for (let nth = 0; nth < 3; nth++) ring.push(10 * index + nth);
  }
  assert.equal(takeAll(intake), [10, 20, 30, 11, 21, 31, 12, 22, 32]);
});

test("take() announces what it takes, from whichever ring, and clears it when another was faster", () => {
  const { intake, rings, announced } = workers(2, 0);
  rings[0]!.push(5);
  rings[1]!.push(6);
  assert.is(intake.take(), 5);
  assert.is(announced(), 5);
  assert.is(intake.take(), 6);
  assert.is(announced(), 6);
});

test("one that is parked takes nothing, and takes it as empty so that it sleeps", () => {
  const { intake, rings, park } = workers(2, 0);
  for (const ring of rings) ring.push(1);
  park(true);
  assert.is(intake.take(), -1);
  assert.ok(intake.isEmpty);
  park(false);
  assert.not(intake.isEmpty);
  assert.is(intake.take(), 1);
});

test("isEmpty is false as long as any ring holds something", () => {
  const { intake, rings } = workers(3, 0);
  for (const ring of rings) {
    assert.ok(intake.isEmpty);
    ring.push(1);
    assert.not(intake.isEmpty);
    intake.take();
  }
  assert.ok(intake.isEmpty);
});

test("only as many rings are looked at as there are workers, also when these become fewer or more", () => {
  const { intake, rings, words } = workers(4, 0);
  rings[3]!.push(1);
  words[workerCountWord] = 3;
  assert.is(intake.take(), -1);
  assert.ok(intake.isEmpty);
  words[workerCountWord] = 1;
  assert.is(intake.take(), -1);
  words[workerCountWord] = 4;
  assert.is(intake.take(), 1);
});

test("the last of all workers takes from the first", () => {
  const { intake, rings } = workers(mostWorkers, mostWorkers - 1);
  rings[0]!.push(1);
  rings[mostWorkers - 2]!.push(2);
  rings[mostWorkers - 1]!.push(3);
  assert.equal(takeAll(intake).sort(), [1, 2, 3]);
});
