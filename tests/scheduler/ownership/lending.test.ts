import { Lending } from "../../../scheduler/ownership/lending.ts";
import { ObjectTable } from "../../../scheduler/ownership/object-table.ts";
import { ShutdownError } from "../../../scheduler/protocol/errors.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("lending");
const [id, borrower] = ["x", "bob"];

function lender() {
  const freed: string[] = [];
  const missing: string[] = [];
  const clock = { nowMs: 0 };
  const listening = new Set([borrower]);
  const objects = new ObjectTable((id) => freed.push(id));
  const lending = new Lending({
    objects,
    missing: (id, hosts) => missing.push(`${id} on ${hosts}`),
    isListening: async (name) => listening.has(name),
    nowMs: () => clock.nowMs,
  });
  /** Time goes by, and every second something is said. */
  const pass = async (ms: number, say = () => {}) => {
    for (const untilMs = clock.nowMs + ms; clock.nowMs < untilMs; ) {
      clock.nowMs += 100;
      if (clock.nowMs % 1_000 === 0) say();
      lending.tick();
      await new Promise(setImmediate);
    }
  };
  return { objects, lending, freed, missing, clock, listening, pass };
}

test("asked() about what is pending says so after a while, and nothing is left that waits for it", async () => {
  const { objects, lending } = lender();
  const entry = objects.create(id);
  const replies = await Promise.all(["bob", "cyd", "bob"].map((borrower) => lending.asked({ id, borrower })));
  assert.equal(replies, [{ kind: "pending" }, { kind: "pending" }, { kind: "pending" }]);
  assert.ok(entry.listeners === undefined || (entry.listeners as unknown[]).length === 0);
});

const state = () => ({ kind: "remote" as const, hosts: new Set(["a"]), bytes: 10_000 });

test("what a borrower has asked for stays as long as it names it", async () => {
  const { objects, lending, freed, pass } = lender();
  for (const id of ["x", "y"]) {
    objects.create(id, state());
    assert.equal(await lending.asked({ id, borrower }), { kind: "stored", bytes: 10_000, hosts: ["a"] });
    objects.drop(id);
  }
  await pass(9_000, () => lending.held({ borrower, ids: ["x", "y", "z"] }));
  assert.equal(freed, []);
  await pass(12_100, () => lending.held({ borrower, ids: ["y"] }));
  assert.equal(freed, ["x"]);
  assert.equal(await lending.asked({ id: "x", borrower }), { kind: "unknown" });
});

test("a borrower that is busy and says nothing keeps what it has, and one that is dead does not", async () => {
  const { objects, lending, freed, pass, listening } = lender();
  objects.create(id, state());
  await lending.asked({ id, borrower });
  objects.drop(id);
  await pass(30_000);
  assert.equal(freed, []);
  listening.clear();
  await pass(1_000);
  assert.equal(freed, [id]);
});

test("a borrower that listens and never says anything has it no longer after a minute, unless nobody could be heard", async () => {
  const { objects, lending, freed, pass, clock } = lender();
  objects.create(id, state());
  await lending.asked({ id, borrower });
  objects.drop(id);
  clock.nowMs += 100_000;
  lending.forgive();
  await pass(59_000);
  assert.equal(freed, []);
  await pass(2_000);
  assert.equal(freed, [id]);
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
  objects.create(id, state());
  const made = objects.create("y");
  objects.decide(made, state(), undefined, { refs: [id], bytes: 100 });
  objects.drop(id);
  assert.is(objects.state(id)?.kind, "released");
  assert.equal(await lending.asked({ id, borrower }), { kind: "unknown" });
  objects.drop("y");
  assert.is(objects.size, 0);
});

test("close() tells a borrower nothing of why what it waits for will never come: that is its owner's alone", async () => {
  const { objects, lending } = lender();
  objects.create(id);
  const asked = lending.asked({ id, borrower });
  lending.close();
  objects.settle(id, { kind: "failed", error: new ShutdownError("the client was shut down") });
  assert.is((await asked).kind, "pending");
});
