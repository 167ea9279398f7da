import { fusedBytes, planSpill } from "../../../host/objects/spill-policy.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("planSpill()");

const object = (name: string, byteLength: number, { isEvictable = true, isElsewhere = false } = {}) => ({
  ...{ name, byteLength, memoryBytes: byteLength, isEvictable, isElsewhere },
});
type Named = ReturnType<typeof object>;
const names = (list: Named[]) => list.map(({ name }) => name).join("");

test("takes the least recently used, no more than is needed, and none that is in use", () => {
  const list = [object("a", 10), object("b", 10, { isEvictable: false }), object("c", 10), object("d", 10)];
  assert.equal(planSpill(list, 11).writes.map(names), ["ac"]);
  assert.equal(planSpill(list, 1000).writes.map(names), ["acd"]);
  assert.equal(planSpill(list, 0), { evict: [], writes: [] });
});

test("writes nothing that is on disk already", () => {
  const plan = planSpill([object("a", 10, { isElsewhere: true }), object("b", 10)], 15);
  assert.is(names(plan.evict), "a");
  assert.equal(plan.writes.map(names), ["b"]);
});

test("puts small ones together into files of limited size, and a large one into its own", () => {
  const third = fusedBytes / 3;
  const list = ["a", "b", "c", "d"].map((name) => object(name, third));
  assert.equal(planSpill(list, 4 * third).writes.map(names), ["abc", "d"]);
  const large = [object("a", third), object("b", 3 * fusedBytes), object("c", third)];
  assert.equal(planSpill(large, 4 * fusedBytes).writes.map(names), ["a", "b", "c"]);
});
