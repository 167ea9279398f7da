import { Lending } from "../../../scheduler/ownership/lending.ts";
import type { Origin } from "../../../scheduler/ownership/lineage.ts";
import { ObjectTable, type ReadyState } from "../../../scheduler/ownership/object-table.ts";
import { ShutdownError } from "../../../scheduler/protocol/errors.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("ownership/lending");

const madeOf = (...refs: string[]): Origin => ({ refs, bytes: 100 });
const onHost = (): ReadyState => ({ kind: "remote", hosts: new Set(["a"]), bytes: 10_000 });

/** What an owner lends, at a time that can be set. */
function lendingOf() {
  const clock = { nowMs: 0 };
  const objects = new ObjectTable(() => {});
  const lending = new Lending({ objects, missing() {}, nowMs: () => clock.nowMs });
  return { clock, objects, lending };
}

test("asked() keeps an object until its borrower gives it back", async () => {
  const { objects, lending } = lendingOf();
  objects.create("x", onHost());
  assert.is((await lending.asked({ id: "x", borrower: "b" })).kind, "stored");
  objects.drop("x");
  assert.is((await lending.asked({ id: "x", borrower: "b" })).kind, "stored");
  await lending.asked({ id: "x", borrower: "b", isBack: true });
  assert.is((await lending.asked({ id: "x", borrower: "b" })).kind, "unknown");
});

test("tick() ends the lease of a borrower that has not asked for 10 s", async () => {
  const { clock, objects, lending } = lendingOf();
  objects.create("x", onHost());
  await lending.asked({ id: "x", borrower: "b" });
  objects.drop("x");
  clock.nowMs = 9_999;
  lending.tick();
  assert.is(objects.size, 1);
  clock.nowMs = 10_001;
  lending.tick();
  assert.is(objects.size, 0);
});

test("asked() does not know what is let go of, and remembered only since others were made of it", async () => {
  const { objects, lending } = lendingOf();
  objects.create("x", onHost());
  const made = objects.create("y");
  objects.decide(made, onHost(), undefined, madeOf("x"));
  objects.drop("x");
  assert.is(objects.state("x")?.kind, "released");
  assert.is((await lending.asked({ id: "x", borrower: "b" })).kind, "unknown");
  objects.drop("y");
  assert.is(objects.size, 0);
});

test("close() tells a borrower nothing of why what it waits for will never come: that is its owner's alone", async () => {
  const { objects, lending } = lendingOf();
  objects.create("x");
  const asked = lending.asked({ id: "x", borrower: "b" });
  lending.close();
  objects.settle("x", { kind: "failed", error: new ShutdownError("the client was shut down") });
  assert.is((await asked).kind, "pending");
});
