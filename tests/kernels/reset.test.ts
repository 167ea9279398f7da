import { assert, suite } from "../support/index.ts";
import { type Compiled, compile, fixtures } from "./asc.ts";
import { type Instance, instantiate } from "./instance.ts";

/** Ways to build the fixture, and how much a task may allocate: the incremental runtime does not forget growth. */
const builds = {
  "optimised, runtime stub": { flags: [], bytes: 200_000 },
  "not optimised": { flags: ["--target", "debug"], bytes: 200_000 },
  "runtime incremental": { flags: ["--runtime", "incremental"], bytes: 1_000 },
};

const test = suite("reset through exported globals");
const compiled = new Map<string, Compiled>();

test.before(async () => {
  await Promise.all(
    Object.entries(builds).map(async ([build, { flags }]) => {
      compiled.set(build, await compile(`${fixtures}/state.ts`, flags));
    }),
  );
});

type Snapshot = { memory: Uint8Array; globals: unknown[] };

const memoryOf = ({ exports }: Instance) => new Uint8Array((exports.memory as WebAssembly.Memory).buffer);
const globalsOf = ({ exports }: Instance, names: string[]) =>
  names.map((name) => exports[name] as WebAssembly.Global);

const take = (instance: Instance, names: string[]): Snapshot => ({
  memory: memoryOf(instance).slice(),
  globals: globalsOf(instance, names).map(({ value }) => value),
});

const restoreMemory = (instance: Instance, { memory }: Snapshot) => {
  memoryOf(instance).fill(0);
  memoryOf(instance).set(memory);
};

const restoreGlobals = (instance: Instance, names: string[], { globals }: Snapshot) => {
  globalsOf(instance, names).forEach((global, index) => {
    global.value = globals[index];
  });
};

const observe = ({ call }: Instance, bytes: number) => [
  call("visit", "ab"),
  call("visit", "c"),
  call("address", bytes),
];

for (const [build, { bytes }] of Object.entries(builds)) {
  test(`a kernel cannot tell a reset instance from a new one when ${build}`, () => {
    const { manifest } = compiled.get(build)!;
    const instance = instantiate(compiled.get(build)!);
    const pristine = take(instance, manifest.globals!);
    const first = observe(instance, bytes);
    assert.is(first[0], "1 ab 0.25 -3 0,2,0,0");
    for (let round = 0; round < 3; round++) {
      restoreMemory(instance, pristine);
      restoreGlobals(instance, manifest.globals!, pristine);
      assert.equal(observe(instance, bytes), first);
    }
  });

  test(`manifest names every mutable global of the module, and no other, when ${build}`, () => {
    const { manifest, wasm, wat } = compiled.get(build)!;
    const mutable = [...wat.matchAll(/^ \(global \$?\S+ \(mut /gm)].length;
    assert.ok(mutable >= 6, "the fixture has four variables, and the runtime has its own");
    assert.is(manifest.globals!.length, mutable);
    const exported = WebAssembly.Module.exports(wasm).flatMap(({ name, kind }) =>
      kind === "global" && name.startsWith("__wray_global_") ? [name] : [],
    );
    assert.equal(exported, manifest.globals!);
  });
}

test("a kernel sees the last task when nothing is restored", () => {
  const instance = instantiate(compiled.get("optimised, runtime stub")!);
  const first = observe(instance, 100);
  const second = observe(instance, 100);
  first.forEach((value, index) => {
    assert.is.not(second[index], value);
  });
});

test("a kernel sees the last task when memory is restored without the globals", () => {
  const instance = instantiate(compiled.get("optimised, runtime stub")!);
  const pristine = take(instance, []);
  const first = instance.call("visit", "ab");
  restoreMemory(instance, pristine);
  assert.is.not(instance.call("visit", "ab"), first);
});
