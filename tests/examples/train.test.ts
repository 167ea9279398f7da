import { type Client, init } from "wray";
import { loadDigits } from "../../examples/digits/data.ts";
import { train } from "../../examples/digits/train.ts";
import { startHost } from "../../scripts/hosts.ts";
import { startNatsServer } from "../../scripts/nats/index.ts";
import { assert, suite, type TestContext } from "../support/index.ts";
import { compileLogistic } from "./logistic-module.ts";
import { trainReference } from "./reference.ts";

const test = suite("digits/train");

let module: string;

test.before(async (t) => {
  module = await compileLogistic(t);
});

async function startEmbedded(t: TestContext): Promise<Client> {
  const wray = await init({ cpus: 2 });
  t.after(() => wray.shutdown());
  return wray;
}

async function startCluster(t: TestContext): Promise<Client> {
  const server = await startNatsServer();
  t.after(() => server.stop());
  const hosts = await Promise.all([1, 2, 3].map(() => startHost({ servers: server.url })));
  t.after(() => Promise.all(hosts.map((host) => host.stop())));
  const wray = await init({ servers: server.url });
  t.after(() => wray.shutdown());
  return wray;
}

for (const [where, start] of [
  ["in this process", startEmbedded],
  ["on three hosts over NATS", startCluster],
] as const) {
  test(`train() gives the weights of the plain reference when it runs ${where}`, async (t) => {
    const digits = await loadDigits({ rowCount: 740, heldOutCount: 200, shardCount: 5 });
    const iterations = 12;
    const reported: [number, number][] = [];
    const wray = await start(t);
    const actual = await train(wray, digits, {
      module,
      iterations,
      onIteration: (iteration, loss) => reported.push([iteration, loss]),
    });

    const expected = trainReference(digits, { iterations });
    assert.is(actual.correctCount, expected.correctCount);
    assert.ok(difference(actual.weights, expected.weights) < 1e-12);
    assert.ok(difference(actual.losses, expected.losses) < 1e-12);
    assert.equal(
      reported,
      actual.losses.map((loss, index) => [index + 1, loss]),
    );
  });
}

/** The largest difference of two numbers at the same place; infinite when the lengths differ. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Array.from(actual).reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
}
