import { joinMemory } from "../../../scheduler/client/memory-report.ts";
import { largestObjects, mostMemoryObjects, type ObjectFacts } from "../../../scheduler/protocol/memory.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("memory report");

const host = (id: string, objects: ObjectFacts[]) => ({
  peer: { kind: "host" as const, id },
  ...{ objects, omittedCount: 0 },
  totals: { capacityBytes: 9, usedBytes: 5, pinnedBytes: 1, spilledBytes: 2, idleBytes: 0 },
});
const facts = (id: string, place: ObjectFacts["place"], more: Partial<ObjectFacts> = {}): ObjectFacts => ({
  ...{ id, place, owner: "ada", holders: [] },
  ...more,
});

test("joinMemory() makes one of what the owner and the hosts know of an object", () => {
  const { objects, hosts } = joinMemory([
    host("h1", [facts("x", "memory", { bytes: 10, label: "copy", ageMs: 5, holders: [{ kind: "pin" }] })]),
    host("h2", [
      facts("x", "disk", { bytes: 10, label: "result of math/add", ageMs: 9 }),
      facts("y", "memory", { bytes: 20, holders: [{ kind: "pin" }] }),
    ]),
    {
      peer: { kind: "client", id: "ada" },
      objects: [facts("x", "none", { holders: [{ kind: "ref" }, { kind: "task", label: "math/fib" }] })],
      omittedCount: 3,
    },
  ]);
  assert.equal(
    objects.map(({ id }) => id),
    ["y", "x"],
  );
  assert.equal(objects[1], {
    ...{ id: "x", owner: "ada", bytes: 10, label: "result of math/add", ageMs: 5 },
    holders: [{ kind: "pin" }, { kind: "ref" }, { kind: "task", label: "math/fib" }],
    at: [
      { peer: { kind: "host", id: "h1" }, place: "memory" },
      { peer: { kind: "host", id: "h2" }, place: "disk" },
    ],
  });
  assert.equal(
    hosts.map(({ id, usedBytes }) => [id, usedBytes]),
    [
      ["h1", 5],
      ["h2", 5],
    ],
  );
});

test("joinMemory() keeps what has no id apart, and a reason that several give is one", () => {
  const nameless: ObjectFacts = { place: "memory", owner: "ada", bytes: 1, holders: [{ kind: "view" }] };
  const { objects } = joinMemory([
    host("h1", [nameless, nameless, facts("x", "memory", { holders: [{ kind: "pin" }] })]),
    host("h2", [facts("x", "memory", { holders: [{ kind: "pin" }] })]),
  ]);
  assert.is(objects.length, 3);
  assert.equal(objects.find(({ id }) => id === "x")!.holders, [{ kind: "pin" }]);
});

test("largestObjects() leaves out the smallest, and says how many", () => {
  const many = Array.from({ length: mostMemoryObjects + 2 }, (_, bytes) => facts("x", "memory", { bytes }));
  const { objects, omittedCount } = largestObjects(many);
  assert.is(omittedCount, 2);
  assert.is(objects.at(-1)!.bytes, 2);
});
