import { type Plan, planBundles, type Site } from "../../../scheduler/groups/plan.ts";
import { missing } from "../../../scheduler/placement/resources.ts";
import type { Resources } from "../../../scheduler/protocol/messages.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds } from "../seeds.ts";

const test = suite("groups/plan");

const site = (id: string, free: Resources, labels = {}): Site => ({ id, free, labels });
const cpus = (...counts: number[]) => counts.map((cpu, index) => site(`h${index}`, { cpu }));
const ones = (count: number): Resources[] => Array.from({ length: count }, () => ({ cpu: 1 }));

const plan = (strategy: Plan["strategy"], needs: Resources[], sites: Site[], more: Partial<Plan> = {}) =>
  planBundles({ strategy, needs, used: [], ...more }, sites)?.join(" ");

test("PACK uses one host if all have room there, the tightest, and else few", () => {
  assert.is(plan("PACK", ones(2), cpus(8, 2, 4)), "h1 h1");
  assert.is(plan("PACK", ones(5), cpus(2, 4, 3)), "h1 h1 h1 h1 h2");
  assert.is(plan("PACK", ones(10), cpus(2, 4, 3)), undefined);
});

test("STRICT_PACK uses one host or none", () => {
  assert.is(plan("STRICT_PACK", ones(3), cpus(2, 4, 3)), "h2 h2 h2");
  assert.is(plan("STRICT_PACK", ones(5), cpus(2, 4, 3)), undefined);
});

test("SPREAD uses as many hosts as there are, and then each again", () => {
  assert.is(plan("SPREAD", ones(3), cpus(1, 1, 1)), "h0 h1 h2");
  assert.is(plan("SPREAD", ones(4), cpus(1, 3, 1)), "h1 h0 h2 h1");
  assert.is(plan("SPREAD", ones(2), cpus(4, 4), { used: ["h0"] }), "h1 h0");
});

test("STRICT_SPREAD gives each bundle a host of its own, also where the first choice has to move", () => {
  const sites = [site("both", { cpu: 1, gpu: 1 }), site("cpu", { cpu: 1 })];
  assert.is(plan("STRICT_SPREAD", [{ cpu: 1 }, { gpu: 1 }], sites), "cpu both");
  assert.is(plan("STRICT_SPREAD", ones(3), cpus(4, 4)), undefined);
  assert.is(plan("STRICT_SPREAD", ones(1), cpus(4, 4), { used: ["h0"] }), "h1");
});

test("only hosts with the labels are used", () => {
  const sites = [site("a", { cpu: 9 }, { zone: "a" }), site("b", { cpu: 9 }, { zone: "b" })];
  assert.is(plan("PACK", ones(2), sites, { labels: { zone: "b" } }), "b b");
  assert.is(plan("SPREAD", ones(2), sites, { labels: { zone: "c" } }), undefined);
});

test("no plan takes more of a host than it has, and strict ones are what they say", () => {
  forSeeds(2_000, (random) => {
    const some = (most: number): Resources => ({ cpu: random.below(most), gpu: random.below(2) });
    const sites = Array.from({ length: 1 + random.below(6) }, (_, index) => site(`h${index}`, some(6)));
    const needs = Array.from({ length: 1 + random.below(6) }, () => some(3));
    const strategy = random.pick(["PACK", "SPREAD", "STRICT_PACK", "STRICT_SPREAD"] as const);
    const places = planBundles({ strategy, needs, used: [] }, sites);
    if (places === undefined) return;
    for (const { id, free } of sites) {
      const there = needs.filter((_, index) => places[index] === id);
      const sum = { cpu: 0, gpu: 0 };
      for (const { cpu, gpu } of there) {
        sum.cpu += cpu!;
        sum.gpu += gpu!;
      }
      assert.equal(missing(sum, free), []);
    }
    const hostCount = new Set(places).size;
    if (strategy === "STRICT_PACK") assert.is(hostCount, 1);
    if (strategy === "STRICT_SPREAD") assert.is(hostCount, needs.length);
  });
});
