import { Children, type NestedSubmitter } from "../../host/nested/children.ts";
import { memoryControl } from "../../scheduler/control/memory.ts";
import { defaultGrant, defaultLimits } from "../../scheduler/protocol/limits.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("tasks of a task");

test("a task that ends while it waits for another is waiting no more, and neither is one that asks too late", async () => {
  let waitCount = 0;
  let isAsked = () => {};
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const submitter = {
    submit: () => "c-2",
    whenReady: () => {},
    cancel() {},
    drop() {},
    waits() {
      waitCount++;
      isAsked();
      return () => {
        waitCount--;
      };
    },
  } as unknown as NestedSubmitter;
  const children = new Children({
    ...{ submitter: async () => submitter, control: memoryControl(), module: "m", countEnded() {} },
    parent: { sha256: "0".repeat(64), limits: defaultLimits, grant: defaultGrant, seed: "s", depth: 0 },
    waiter: { id: "c-1", label: "m/k" },
  });
  children.hear({ kind: "submit", ref: 1, kernel: "m/k", args: [] }, () => {});
  children.hear({ kind: "get", ref: 1 }, () => {});
  await asked;
  assert.is(waitCount, 1);
  children.close();
  assert.is(waitCount, 0);
  const late = await new Promise((resolve) => children.hear({ kind: "get", ref: 1 }, resolve));
  assert.is((late as { kind: string }).kind, "failed");
  assert.is(waitCount, 0);
});
