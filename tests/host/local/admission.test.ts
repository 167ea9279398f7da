import { Admission } from "../../../host/local/admission.ts";
import type { StoredObject } from "../../../host/objects/stored-object.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("Admission");

const object = (byteLength: number) => ({ byteLength }) as StoredObject;

function open(capacityBytes: number) {
  const admission = new Admission(capacityBytes);
  const started: string[] = [];
  const enter = (name: string, ...objects: StoredObject[]) =>
    admission.enter(objects, () => started.push(name));
  return { admission, started, enter };
}

test("tasks have half of the store for what they take; the others wait for their turn", () => {
  const { admission, started, enter } = open(100);
  const [a, b, c, d] = [object(30), object(20), object(20), object(5)] as const;
  enter("a", a);
  enter("b", b);
  enter("c", c);
  enter("d", d);
  assert.equal(started, ["a", "b"], "d would have room, and is behind c");
  admission.leave([b]);
  assert.equal(started, ["a", "b", "c"]);
  admission.leave([a]);
  assert.equal(started, ["a", "b", "c", "d"]);
});

test("what several tasks take counts once", () => {
  const { admission, started, enter } = open(100);
  const shared = object(40);
  for (const name of ["a", "b", "c"]) enter(name, shared);
  enter("d", shared, object(10));
  enter("e", object(1));
  assert.equal(started, ["a", "b", "c", "d"]);
  for (let count = 0; count < 3; count++) admission.leave([shared]);
  assert.is(started.length, 4);
});

test("one that takes more than half is alone", () => {
  const { admission, started, enter } = open(100);
  const [large, small] = [object(90), object(1)] as const;
  enter("large", large);
  enter("small", small);
  assert.equal(started, ["large"]);
  admission.leave([large]);
  assert.equal(started, ["large", "small"]);
});

test("a task that others wait for is never kept waiting", () => {
  const { admission, started, enter } = open(100);
  const [a, child] = [object(50), object(50)] as const;
  enter("a", a);
  admission.force([child]);
  enter("b", object(1));
  admission.leave([child]);
  assert.equal(started, ["a"]);
  admission.leave([a]);
  assert.equal(started, ["a", "b"]);
});

test("a task that takes nothing of the store does not wait for those that do", () => {
  const { started, enter } = open(100);
  enter("large", object(90));
  enter("waits", object(1));
  enter("small");
  assert.equal(started, ["large", "small"]);
});
