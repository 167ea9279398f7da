import { defaultHostLimits } from "../../../host/limits.ts";
import type { Call } from "../../../host/pool/call.ts";
import { Lanes } from "../../../host/pool/lanes.ts";
import { sharedBytes, viewShared, workerCountWord } from "../../../host/ring/layout.ts";
import { assert, suite, type TestContext } from "../../support/index.ts";

const test = suite("Lanes");

function openLanes(t: TestContext, cpus: number) {
  const shared = viewShared(new SharedArrayBuffer(sharedBytes));
  const parked: number[] = [];
  let onReady = () => {};
  const lanes = new Lanes({
    ...{ cpus, stackBytes: defaultHostLimits.stackBytes, shared },
    messages: () => [],
    ready: () => onReady(),
    said() {},
    exited() {},
    parked: ({ index }) => parked.push(index),
    isBusy: () => false,
  });
  t.after(async () => {
    lanes.close();
    await lanes.terminate();
  });
  lanes.keep();
  return {
    ...{ lanes, parked },
    parkedNow: () => lanes.all.map(({ isParked }) => isParked),
    workerCount: () => shared.words[workerCountWord],
    allReady: () =>
      new Promise<void>((resolve) => {
        onReady = () => lanes.all.every(({ thread }) => thread.isReady) && resolve();
        onReady();
      }),
  };
}

const someCall = {} as Call;

test("one that is blocked has another in its place, and is parked when there are too many", async (t) => {
  const { lanes, parked, parkedNow, workerCount, allReady } = openLanes(t, 2);
  assert.is(lanes.all.length, 2);
  lanes.all[0]!.blocked = someCall;
  lanes.keep();
  assert.equal(parkedNow(), [false, false, false]);
  assert.is(workerCount(), 3);
  await allReady();
  lanes.all[0]!.blocked = undefined;
  lanes.all[0]!.assignedCount = 1;
  lanes.all[2]!.assignedCount = 1;
  lanes.keep();
  // The one that has nothing to do.
  assert.equal([parkedNow(), parked], [[false, true, false], [1]]);
  lanes.all[2]!.blocked = someCall;
  lanes.keep();
  assert.equal(parkedNow(), [false, false, false]);
});

test("keepSpare() has one ready to take the place of the next that is blocked, each time", async (t) => {
  const { lanes, parkedNow, allReady } = openLanes(t, 1);
  lanes.keepSpare();
  lanes.keepSpare();
  assert.equal(parkedNow(), [false, true]);
  lanes.all[0]!.blocked = someCall;
  lanes.keep();
  assert.equal(parkedNow(), [false, false, true]);
  await allReady();
  assert.equal(
    lanes.all.map(({ takesCalls }) => takesCalls),
    [false, true, false],
  );
  lanes.all[0]!.blocked = undefined;
  lanes.keep();
  assert.is(parkedNow().filter(Boolean).length, 2);
});
