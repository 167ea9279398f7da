import { Gather } from "../../../host/local/gather.ts";
import { LocalObject } from "../../../host/local/local-object.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("Gather");
const objects = (count: number) =>
  Array.from({ length: count }, (_, index) => new LocalObject({ id: "ada" }, index));
const number = (value: number) => ({ kind: "number", value }) as const;

test("it is over at once when all are ready, and for none", async () => {
  const [one, other] = objects(2) as [LocalObject, LocalObject];
  one.settle(number(1));
  other.settle(number(2));
  for (const list of [[], [one, other]]) {
    const gather = new Gather(list);
    assert.ok(gather.isOver);
    await gather.wait();
  }
});

test("it waits for the last, whatever the order, also for one that is given twice", async () => {
  const [one, other] = objects(2) as [LocalObject, LocalObject];
  const gather = new Gather([one, other, one]);
  const waiting = gather.wait();
  other.settle(number(2));
  assert.not(gather.isOver);
  one.settle(number(1));
  assert.ok(gather.isOver);
  await waiting;
});

test("the first that fails ends it", async () => {
  const list = objects(3);
  const gather = new Gather(list);
  const waiting = gather.wait();
  list[2]!.settle({ kind: "failed", error: new RangeError("third") });
  list[0]!.settle({ kind: "failed", error: new RangeError("first") });
  assert.ok(gather.isOver);
  const error = await waiting.then(
    () => undefined,
    (error: Error) => error,
  );
  assert.is(error?.message, "third");
});

test("values that the program lets go of meanwhile are kept until its end", () => {
  const [one, other] = objects(2) as [LocalObject, LocalObject];
  one.settle(number(1));
  const gather = new Gather([one, other]);
  one.free();
  other.settle(number(2));
  assert.is(one.content.kind, "number");
  gather.end();
  assert.is(one.content.kind, "failed");
});
