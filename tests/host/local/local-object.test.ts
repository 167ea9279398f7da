import { LocalObject } from "../../../host/local/local-object.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("LocalObject");
const owner = { id: "ada" };
const object = (number = 0) => new LocalObject(owner, number);
const number = (value: number) => ({ kind: "number", value }) as const;
const codeOf = ({ content }: LocalObject) =>
  content.kind === "failed" ? (content.error as Error & { code: string }).code : content.kind;

test("its id begins with its owner's", () => {
  assert.is(object(35).id, "ada-z");
});

test("who waits is called once, in order; who comes later, at once", () => {
  const heard: string[] = [];
  const one = object();
  for (const name of ["first", "second", "third"]) one.whenReady({ ready: () => heard.push(name) });
  one.settle(number(1));
  one.settle(number(2));
  one.whenReady({ ready: ({ content }) => heard.push(content.kind === "number" ? `${content.value}` : "") });
  assert.equal(heard, ["first", "second", "third", "1"]);
});

test("who is forgotten hears nothing", () => {
  for (const count of [1, 2, 3]) {
    const heard: number[] = [];
    const one = object();
    const waiters = Array.from({ length: count }, (_, index) => ({ ready: () => heard.push(index) }));
    for (const waiter of waiters) one.whenReady(waiter);
    one.forget(waiters[0]!);
    one.settle(number(1));
    assert.equal(
      heard,
      waiters.flatMap((_, index) => (index === 0 ? [] : [index])),
    );
  }
});

test("a freed object keeps its value while someone needs it", () => {
  const one = object();
  one.use();
  one.use();
  one.settle(number(1));
  one.free();
  one.unuse();
  assert.is(codeOf(one), "number");
  one.unuse();
  assert.is(codeOf(one), "OBJECT_LOST");
});

test("one that is freed while it is pending is let go of once it is ready, after those who waited", () => {
  const one = object();
  const seen: string[] = [];
  one.whenReady({ ready: ({ content }) => seen.push(content.kind) });
  one.free();
  assert.is(codeOf(one), "pending");
  one.settle(number(1));
  assert.equal(seen, ["number"]);
  assert.is(codeOf(one), "OBJECT_LOST");
});

test("an error stays, whoever frees it", () => {
  const one = object();
  one.settle({ kind: "failed", error: new RangeError("so it is") });
  one.free();
  assert.is(one.content.kind === "failed" && one.content.error.message, "so it is");
});

test("what a value holds is kept with it, and let go of with it", () => {
  const [inner, outer] = [object(1), object(2)];
  inner.settle(number(1));
  outer.settle(number(2));
  outer.holds([inner]);
  assert.equal(inner.outer, [outer]);
  inner.free();
  assert.is(codeOf(inner), "number");
  outer.free();
  assert.is(codeOf(inner), "OBJECT_LOST");
});

test("a ref that is taken out of a value is the program's again", () => {
  const [inner, outer] = [object(1), object(2)];
  inner.settle(number(1));
  outer.settle(number(2));
  outer.holds([inner]);
  inner.free();
  assert.is(outer.innerOf(inner.id), inner);
  assert.not(inner.isFreed);
  outer.free();
  assert.is(codeOf(inner), "number");
});

test("refs in values of refs in values, however deep, are let go of", () => {
  let last = object(0);
  const first = last;
  last.settle(number(0));
  for (let depth = 1; depth <= 100_000; depth++) {
    const next = object(depth);
    next.settle(number(depth));
    next.holds([last]);
    last.free();
    last = next;
  }
  assert.is(codeOf(first), "number");
  last.free();
  assert.is(codeOf(first), "OBJECT_LOST");
});
