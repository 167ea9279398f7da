import { unmet } from "../../../scheduler/placement/labels.ts";
import { keyOf, Ledger, missing } from "../../../scheduler/placement/resources.ts";
import { RunTimes } from "../../../scheduler/placement/run-times.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds } from "../seeds.ts";

const test = suite("placement/resources");

test("Ledger lets no more be taken than there is, in fractions that add up", () => {
  const ledger = new Ledger({ cpu: 1, gpu: 1 });
  for (let each = 0; each < 10; each++) {
    assert.ok(ledger.fits({ cpu: 0.1 }), `${each}`);
    ledger.take({ cpu: 0.1 });
  }
  assert.not(ledger.fits({ cpu: 0.0001 }));
  assert.not(ledger.fits({ tpu: 1 }));
  assert.ok(ledger.fits({ gpu: 1, cpu: 0 }));
  assert.equal(ledger.available, { cpu: 0, gpu: 1 });
  for (let each = 0; each < 10; each++) ledger.give({ cpu: 0.1 });
  assert.ok(ledger.isWhole);
});

test("Ledger is whole again after any taking and giving", () => {
  forSeeds(300, (random) => {
    const ledger = new Ledger({ cpu: 8, memory: 1_000, x: 2.5 });
    const taken: Record<string, number>[] = [];
    for (let step = 0; step < 60; step++) {
      const need = { cpu: random.below(30) / 10, memory: random.below(500), x: random.below(10) / 7 };
      if (random.happens(0.6) && ledger.fits(need)) {
        ledger.take(need);
        taken.push(need);
      } else if (taken.length > 0) {
        ledger.give(taken.splice(random.below(taken.length), 1)[0]!);
      }
      for (const amount of Object.values(ledger.available)) assert.ok(amount >= 0);
    }
    for (const need of taken) ledger.give(need);
    assert.ok(ledger.isWhole);
  });
});

test("missing() tells what goes beyond what is offered", () => {
  assert.equal(missing({ cpu: 2, gpu: 0.5 }, { cpu: 2 }), [{ name: "gpu", needed: 0.5, offered: 0 }]);
  assert.equal(missing({ cpu: 0.3 }, { cpu: 0.1 + 0.2 }), []);
});

test("keyOf() is the same for the same needs, in any order", () => {
  assert.is(keyOf({ cpu: 1, gpu: 2 }), keyOf({ gpu: 2, cpu: 1 }));
  assert.is.not(keyOf({ cpu: 1 }), keyOf({ cpu: 2 }));
});

test("unmet() takes a value, one of several, and any but one", () => {
  const labels = { zone: "a", machine: "arm64" };
  assert.equal(unmet({ zone: "a", machine: ["x64", "arm64"] }, labels), []);
  assert.equal(unmet({ zone: "!b", disk: "!slow" }, labels), []);
  assert.equal(unmet({ zone: "!a", machine: ["x64"], disk: "fast" }, labels), [
    "zone=!a",
    "machine=x64",
    "disk=fast",
  ]);
});

test("RunTimes finds out kernels' times and hosts' speeds, whatever share of the tasks each host runs", () => {
  forSeeds(20, (random) => {
    const times = new RunTimes();
    for (let each = 0; each < 5_000; each++) {
      const isFast = random.happens(0.7);
      const ms = (5 + 10 * random.next()) * (isFast ? 0.5 : 2);
      times.measured("m/k", isFast ? "fast" : "slow", ms);
      times.measured("m/short", "fast", 0.01);
    }
    const ratio = times.speed("fast") / times.speed("slow");
    assert.ok(ratio > 2.5 && ratio < 6, `${ratio}`);
    assert.ok(times.runMs("m/k", "slow") > times.runMs("m/k", "fast"));
    assert.ok(times.runMs("m/short", "fast") < 0.1);
    assert.is(times.speed("unknown"), 1);
  });
});

test("RunTimes takes many tasks at once as it takes them one by one", () => {
  const [one, many] = [new RunTimes(), new RunTimes()];
  for (const times of [one, many]) times.measured("m/k", "a", 1);
  for (let each = 0; each < 50; each++) one.measured("m/k", "a", 4);
  many.measured("m/k", "a", 200, 50);
  assert.ok(Math.abs(one.runMs("m/k", "b") - many.runMs("m/k", "b")) < 1e-9);
});
