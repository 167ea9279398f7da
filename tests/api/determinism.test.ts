import { type Client, init, type Module } from "wray";
import { encodeValue } from "../../scheduler/protocol/value.ts";
import { compileOnce } from "../kernels/asc.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("determinism");

type Place = { name: string; wray: Client; modules: Record<string, Module> };
let places: Place[];

test.before(
  async (t) => {
    const paths = {
      residue: await compileOnce("tests/api/fixtures/residue.ts"),
      numbers: await compileOnce("tests/api/fixtures/numbers.ts"),
    };
    // Each of the two host processes is all that its client has.
    const cluster = await startCluster(t, { hosts: 0 });
    const names = ["one", "two"];
    await Promise.all(names.map((name) => cluster.startHost({ cluster: name })));
    const embedded = await init({ cpus: 2 });
    t.after(() => embedded.shutdown());
    const clients = [
      { name: "embedded", wray: embedded },
      ...(await Promise.all(
        names.map(async (name) => ({ name, wray: await cluster.connect({ cluster: name }) })),
      )),
    ];
    places = await Promise.all(
      clients.map(async ({ name, wray }) => {
        const loaded = Object.entries(paths).map(async ([id, path]) => [id, await wray.load(path)] as const);
        return { name, wray, modules: Object.fromEntries(await Promise.all(loaded)) };
      }),
    );
  },
  { timeoutMs: 90_000 },
);

const sines = (length: number) => Float64Array.from({ length }, (_, index) => Math.sin(index));

const tasks: [module: string, kernel: string, ...args: unknown[]][] = [
  ["residue", "look"],
  ["residue", "plantAndLook", "a text"],
  ["residue", "addresses", 30],
  ["residue", "addresses", 300],
  ["residue", "lookBeside", new Uint8Array(100_000).fill(3)],
  ["residue", "lookBeside", new Uint8Array(2_000_000).fill(3)],
  ["numbers", "functionsOf", 1_000],
  ["numbers", "sorted", 1_000],
  ["linalg", "matmul", sines(32 * 48), sines(48 * 16), 32, 48, 16],
  ["physics", "nbody", sines(35), 0.001, 500],
  ["gym", "rollout", "walker", new Int32Array(0), sines(66), 7],
  ["gym", "film", "acrobot", Int32Array.of(4), sines(33), 7, 100, 20],
  ["vector", "sum", sines(10_001)],
  ["math", "pi", 1_000],
];

/** The result of each task as its bytes, in hex; `others` run between them. */
async function results({ wray, modules }: Place, others: boolean): Promise<string[]> {
  const submitted = await Promise.all(
    tasks.map(async ([module, name, ...args]) => {
      const kernel = modules[module]?.kernel(name) ?? (await wray.remote(`${module}/${name}`));
      if (others) modules.residue!.kernel("plant").remote(`before ${name}`);
      return kernel.options({ seed: `the seed of ${name}` }).remote(...(args as never[]));
    }),
  );
  return (await wray.get(submitted)).map((value) => Buffer.from(encodeValue(value)).toString("hex"));
}

test("tasks of one module, arguments and seed return the same bytes on all hosts, whatever ran there before", async () => {
  const expected = await results(places[0]!, false);
  for (let round = 0; round < 3; round++) {
    for (const place of places) {
      for (const [index, bytes] of (await results(place, round > 0)).entries()) {
        assert.is(bytes, expected[index], `${tasks[index]!.slice(0, 2).join("/")} ${place.name}`);
      }
    }
  }
  assert.is(new Set(expected).size, tasks.length);
});
