import { memoryBus } from "../../../scheduler/bus/memory.ts";
import { Borrowing } from "../../../scheduler/client/borrowing.ts";
import { Lending } from "../../../scheduler/ownership/lending.ts";
import { ObjectTable } from "../../../scheduler/ownership/object-table.ts";
import { decodeBorrowRequest, encodeMessage } from "../../../scheduler/protocol/codec.ts";
import { ShutdownError, type WrayError } from "../../../scheduler/protocol/errors.ts";
import { subjectsOf } from "../../../scheduler/protocol/subjects.ts";
import { assert, suite, type TestContext } from "../../support/index.ts";

const test = suite("client/borrowing");
const subjects = subjectsOf("c");

/** An owner and a borrower of its objects; `gaveBack` waits for what comes back. */
function pairOf(t: TestContext) {
  const bus = memoryBus();
  t.after(() => bus.close());
  const owned = new ObjectTable(() => {});
  const lending = new Lending({
    ...{ objects: owned, missing() {} },
    isListening: async () => true,
    nowMs: () => performance.now(),
  });
  let onBack = (_id: string) => {};
  bus.subscribe(subjects.borrow("owner"), (payload, respond) => {
    const request = decodeBorrowRequest(payload);
    void lending.asked(request).then((reply) => {
      respond(encodeMessage(reply));
      if (request.isBack) onBack(request.id);
    });
  });
  const objects = new ObjectTable((id) => {
    if (objects.get(id) === undefined) borrowing.freed(id);
  });
  const borrowing = new Borrowing({ bus, subjects, objects, clientId: "borrower" });
  const gaveBack = (...ids: string[]) =>
    new Promise<void>((resolve) => {
      const left = new Set(ids);
      onBack = (id) => {
        left.delete(id);
        if (left.size === 0) resolve();
      };
    });
  return { owned, lending, objects, borrowing, gaveBack };
}

test("freed() gives an object back to its owner", async (t) => {
  const { owned, objects, borrowing, gaveBack } = pairOf(t);
  owned.create("x", { kind: "local", value: Uint8Array.of(7) });
  borrowing.borrow("x", "owner");
  await new Promise((resolve) => objects.onReady("x", resolve));
  owned.drop("x");
  assert.is(owned.size, 1);
  const back = gaveBack("x");
  objects.drop("x");
  await back;
  assert.is(owned.size, 0);
});

test("close() fails what has not come, leaves what has, and gives all back", async (t) => {
  const { owned, objects, borrowing, gaveBack } = pairOf(t);
  owned.create("endless");
  owned.create("x", { kind: "local", value: Uint8Array.of(7) });
  for (const id of ["endless", "x"]) borrowing.borrow(id, "owner");
  await new Promise((resolve) => objects.onReady("x", resolve));
  for (const id of ["endless", "x"]) owned.drop(id);
  const back = gaveBack("endless", "x");
  borrowing.close(new ShutdownError("the client was shut down"));
  const state = objects.state("endless");
  assert.is(state?.kind === "failed" && (state.error as WrayError).code, "SHUTDOWN");
  assert.is(objects.state("x")?.kind, "local");
  await back;
  owned.settle("endless", { kind: "local", value: Uint8Array.of(1) });
  assert.is(owned.size, 0);
});
