import { Lane } from "../../../host/pool/lane.ts";
import type { WorkerThread } from "../../../host/pool/worker-thread.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("Lane");

/** A thread as a lane sees it. */
const thread = () => ({ isReady: true, hasEnded: false, isParked: false, threadId: 3 });

function newLane() {
  const fake = thread();
  return { fake, lane: new Lane(1, fake as WorkerThread) };
}

/** What comes of a look after it has completed so many, with so many still assigned. */
function look(lane: Lane, completedCount: number, assignedCount: number) {
  lane.completedCount = completedCount;
  lane.assignedCount = assignedCount;
  const isTooFull = lane.isTooFull();
  assert.is(lane.completedCount, 0, "it counts anew from each look on");
  return { isTooFull, window: lane.window };
}

test("the window begins with 64 and widen() doubles it, up to 1,024", () => {
  const { lane } = newLane();
  assert.is(lane.window, 64);
  const windows = Array.from({ length: 6 }, () => {
    lane.widen();
    return lane.window;
  });
  assert.equal(windows, [128, 256, 512, 1_024, 1_024, 1_024]);
});

test("isTooFull() lets it have twice what it has done since the last look", () => {
  const { lane } = newLane();
  assert.equal(look(lane, 100, 64), { isTooFull: false, window: 200 });
  assert.equal(look(lane, 10, 20), { isTooFull: false, window: 20 });
  assert.equal(look(lane, 10, 21), { isTooFull: false, window: 20 }, "and the one that it runs");
  assert.equal(look(lane, 10, 22), { isTooFull: true, window: 20 });
  assert.equal(look(lane, 5_000, 1_000), { isTooFull: false, window: 1_024 });
});

test("isTooFull() is true when calls wait behind one that takes long", () => {
  const { lane } = newLane();
  assert.equal(look(lane, 0, 64), { isTooFull: true, window: 1 });
  assert.equal(look(lane, 0, 3), { isTooFull: true, window: 1 });
  assert.equal(look(lane, 0, 2), { isTooFull: false, window: 1 });
});

test("the window of one with nothing to wait for becomes what it has done, and not less than at first", () => {
  const { lane } = newLane();
  look(lane, 0, 64);
  assert.equal(look(lane, 0, 1), { isTooFull: false, window: 1 }, "nothing was done, nothing is known");
  assert.equal(look(lane, 3, 0), { isTooFull: false, window: 64 });
  assert.equal(look(lane, 300, 1), { isTooFull: false, window: 600 });
  assert.equal(look(lane, 0, 0), { isTooFull: false, window: 600 });
});

test("a window that a long call made narrow widens again as calls go through", () => {
  const { lane } = newLane();
  look(lane, 0, 64);
  lane.widen();
  assert.is(lane.window, 2);
  assert.equal(look(lane, 2, 1), { isTooFull: false, window: 64 });
});

test("takesCalls is false for one that starts, has ended, is parked, is blocked or is no longer needed", () => {
  const cases: ((lane: Lane, fake: ReturnType<typeof thread>) => void)[] = [
    (_, fake) => {
      fake.isReady = false;
    },
    (_, fake) => {
      fake.hasEnded = true;
    },
    (lane) => {
      lane.isParked = true;
    },
    (lane) => {
      lane.blocked = {} as NonNullable<Lane["blocked"]>;
    },
    (lane) => {
      lane.isRetired = true;
    },
  ];
  assert.ok(newLane().lane.takesCalls);
  for (const change of cases) {
    const { lane, fake } = newLane();
    change(lane, fake);
    assert.not(lane.takesCalls, `${change}`);
  }
});

test("takeResult() gives large results in the order of their completions, and none for what is in a slot", () => {
  const { lane } = newLane();
  const [first, second] = [new SharedArrayBuffer(1), new SharedArrayBuffer(2)];
  lane.results.push(first, second);
  assert.is(lane.takeResult(undefined), undefined);
  assert.is(lane.takeResult(0), undefined);
  assert.is(lane.takeResult(-1), first);
  assert.is(lane.takeResult(-1), second);
});

test("withThread() adds the thread to an error, and keeps what that has", () => {
  const { lane } = newLane();
  const error = { code: "TASK_FAILED", message: "no", data: { kernel: "test/add" } } as const;
  assert.equal(lane.withThread(error as never), { ...error, data: { kernel: "test/add", thread: 3 } });
});

test("pace is what it does while another is woken, forgets slowly, and at once when nothing goes through", () => {
  const { lane } = newLane();
  const measured = (completedCount: number, assignedCount: number, elapsedMs = 5) => {
    Object.assign(lane, { completedCount, assignedCount });
    lane.measure(elapsedMs);
    return Math.round(lane.pace);
  };
  assert.is(measured(0, 0), 0);
  assert.is(measured(5_000, 100), 300);
  assert.is(measured(5_000, 100, 10), 150);
  assert.is(measured(10, 100), 75, "it may have had nothing to do for a while");
  assert.is(measured(0, 0), 75, "it had nothing to do");
  assert.is(measured(0, 1), 0, "a long call");
});
