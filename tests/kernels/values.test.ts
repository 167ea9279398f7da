import { forSeeds } from "../scheduler/seeds.ts";
import { assert, suite, throwsCode } from "../support/index.ts";
import { type Compiled, compile, fixtures } from "./asc.ts";
import { instantiate } from "./instance.ts";
import { anyValue, assertSame, hashOf } from "./values.ts";

const test = suite("lowering and lifting");

const builds = {
  "optimised, runtime stub": [],
  "not optimised, runtime minimal": ["--target", "debug", "--runtime", "minimal"],
  "not optimised, runtime incremental": ["--target", "debug", "--runtime", "incremental"],
};
const compiled = new Map<string, Compiled>();
let broken: Compiled;

test.before(
  async () => {
    broken = await compile(`${fixtures}/broken.ts`);
    for (const [build, flags] of Object.entries(builds)) {
      compiled.set(build, await compile(`${fixtures}/structures.ts`, flags));
    }
  },
  { timeoutMs: 120_000 },
);

for (const build of Object.keys(builds)) {
  test(`lower() and lift() move values of every type in and out when ${build}`, () => {
    const module = compiled.get(build)!;
    const { kernels, classes } = module.manifest;
    const instance = instantiate(module);
    const echoes = kernels.filter(({ name }) => name.startsWith("echo"));
    // One instance for all, so that a collecting runtime has something to collect.
    forSeeds(30, (random) => {
      for (const { name, returns } of echoes) {
        const value = anyValue(returns, classes, random);
        assert.is(instance.call(name.replace("echo", "hash"), value), hashOf(returns, value, classes), name);
        assertSame(instance.call(name, value), value, name);
      }
    });
  });
}

test("lower() loses nothing to a collection while it allocates", () => {
  const instance = instantiate(compiled.get("not optimised, runtime incremental")!);
  const { classes } = compiled.get("not optimised, runtime incremental")!.manifest;
  const words = Array.from({ length: 20_000 }, (_, index) => `word ${index}`);
  const type = { array: "string" } as const;
  for (let round = 0; round < 5; round++) {
    assert.is(instance.call("hashStrings", words), hashOf(type, words, classes));
    const rows = Array.from({ length: 500 }, (_, index) => Array(50).fill(index));
    assert.equal(instance.call("echoMatrix", rows), rows);
  }
});

test("lower() leaves nothing pinned when a runtime collects", () => {
  const instance = instantiate(compiled.get("not optimised, runtime incremental")!);
  const memory = instance.exports.memory as WebAssembly.Memory;
  const points = Array.from({ length: 10_000 }, (_, x) => ({ x, y: -x }));
  for (let round = 0; round < 10; round++) instance.call("echoPoints", points);
  const bytes = memory.buffer.byteLength;
  for (let round = 0; round < 60; round++) instance.call("echoPoints", points);
  assert.ok(memory.buffer.byteLength <= 2 * bytes, `${bytes} bytes became ${memory.buffer.byteLength}`);
});

const within = (maxResultBytes: number) => instantiate(broken, () => {}, maxResultBytes);

test("lift() stops at maxBytes when values are reached by many ways", () => {
  const calls: [string, ...unknown[]][] = [
    ["branches", 30],
    ["aliases", 1_000_000, 1_000],
    ["repeated", 1_000, 1_000],
    ["flags", 2_000_000],
  ];
  for (const [kernel, ...args] of calls) {
    const error = throwsCode(() => within(10_000).call(kernel, ...args), "LIMIT_EXCEEDED");
    assert.match(error.message, "the result has more than 10000 bytes");
  }
});

test("lift() counts the bytes of what it lifts", () => {
  const atLeast = (kernel: string, args: unknown[], bytes: number) => {
    throwsCode(() => within(bytes - 1).call(kernel, ...args), "LIMIT_EXCEEDED");
    within(bytes).call(kernel, ...args);
  };
  atLeast("aliases", [3, 100], 32 + 3 * (8 + 8 + 100));
  atLeast("repeated", [2, 50], 32 + 2 * (8 + 8 + 2 * 50));
  atLeast("flags", [10], 32 + 10 * 8);
  atLeast("fine", [], 32 + 2 * (8 + 1));
});

test("the manifest has a class id for everything that can be in a value", () => {
  const { kernels, classes, runtimeIds } = compiled.get("optimised, runtime stub")!.manifest;
  assert.ok(kernels.some(({ returns }) => typeof returns === "object" && !("object" in returns)));
  assert.is(new Set(Object.values(runtimeIds)).size, Object.keys(runtimeIds).length);
  for (const name of Object.keys(classes)) assert.type(runtimeIds[name], "number");
});
