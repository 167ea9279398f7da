import { Lending } from "../../../scheduler/ownership/lending.ts";
import { ObjectTable } from "../../../scheduler/ownership/object-table.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("lending");
const [id, borrower] = ["x", "bob"];

function lender() {
  const freed: string[] = [];
  const missing: string[] = [];
  const clock = { nowMs: 0 };
  const objects = new ObjectTable((id) => freed.push(id));
  const lending = new Lending({
    objects,
    missing: (id, hosts) => missing.push(`${id} on ${hosts}`),
    nowMs: () => clock.nowMs,
  });
  return { objects, lending, freed, missing, clock };
}

test("asked() about what is pending says so after a while, and nothing is left that waits for it", async () => {
  const { objects, lending } = lender();
  const entry = objects.create(id);
  const replies = await Promise.all(["bob", "cyd", "bob"].map((borrower) => lending.asked({ id, borrower })));
  assert.equal(replies, [{ kind: "pending" }, { kind: "pending" }, { kind: "pending" }]);
  assert.ok(entry.listeners === undefined || (entry.listeners as unknown[]).length === 0);
});

test("what a borrower has asked for stays until its lease ends, and as long as it asks again", async () => {
  const { objects, lending, freed, clock } = lender();
  objects.create(id, { kind: "remote", hosts: new Set(["a"]), bytes: 10_000 });
  assert.equal(await lending.asked({ id, borrower }), { kind: "stored", bytes: 10_000, hosts: ["a"] });
  objects.drop(id);
  for (let round = 0; round < 5; round++) {
    clock.nowMs += 9_000;
    lending.tick();
    await lending.asked({ id, borrower });
  }
  assert.equal(freed, []);
  clock.nowMs += 10_001;
  lending.tick();
  assert.equal(freed, [id]);
  assert.equal(await lending.asked({ id, borrower }), { kind: "unknown" });
});

test("what a borrower gives back more than once, or never had, does not end others' leases", async () => {
  const { objects, lending, freed } = lender();
  objects.create(id, { kind: "local", value: 7 });
  await lending.asked({ id, borrower });
  await lending.asked({ id, borrower });
  objects.drop(id);
  for (const borrower of ["eve", "eve"]) await lending.asked({ id, borrower, isBack: true });
  assert.equal(freed, []);
  for (let time = 0; time < 2; time++) await lending.asked({ id, borrower, isBack: true });
  assert.equal(freed, [id]);
});

test("what nobody holds, and is known only because others were made of it, is unknown to borrowers", async () => {
  const { objects, lending } = lender();
  const state = () => ({ kind: "remote" as const, hosts: new Set(["a"]), bytes: 10_000 });
  objects.create(id, state());
  const made = objects.create("y");
  objects.decide(made, state(), undefined, { refs: [id], bytes: 100 });
  objects.drop(id);
  assert.is(objects.state(id)?.kind, "released");
  assert.equal(await lending.asked({ id, borrower }), { kind: "unknown" });
  objects.drop("y");
  assert.is(objects.size, 0);
});
