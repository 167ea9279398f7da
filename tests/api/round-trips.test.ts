import { type Client, init, type Kernel, type Module } from "wray";
import type { Type } from "../../scheduler/protocol/manifest.ts";
import { anyValue, assertSame, bytesOf, hashOf } from "../kernels/values.ts";
import { forSeedsInTurn } from "../scheduler/seeds.ts";
import { assert, rejects, suite, throwsCode } from "../support/index.ts";
import { compileTo } from "./modules.ts";

const test = suite("round trips of values");
let wray: Client;
let types: Module;
let structures: Module;

test.before(
  async (t) => {
    const files = await Promise.all(
      ["types", "structures"].map((name) => compileTo(t, `tests/kernels/fixtures/${name}.ts`)),
    );
    wray = await init({ cpus: 1 });
    t.after(() => wray.shutdown());
    [types, structures] = (await Promise.all(files.map((file) => wray.load(file)))) as [Module, Module];
  },
  { timeoutMs: 120_000 },
);

/** The name and type of every kernel that takes one value and returns it. */
function echoes(module: Module): { name: string; type: Type }[] {
  return module.manifest.kernels.flatMap(({ name, params: [param, ...others], returns }) =>
    param !== undefined && others.length === 0 && JSON.stringify(param.type) === JSON.stringify(returns)
      ? [{ name, type: param.type }]
      : [],
  );
}

test("every type comes back as it went, whatever the value", async () => {
  const all = [types, structures].flatMap((module) =>
    echoes(module).map((echo) => ({ ...echo, kernel: module.kernel(echo.name), module })),
  );
  assert.is(all.filter(({ module }) => module === types).length, 24);
  assert.ok(all.length > 60);
  await forSeedsInTurn(15, async (random) => {
    const calls = all.map(({ name, type, kernel, module }) => {
      const value = anyValue(type, module.manifest.classes, random);
      // By itself, or as an object that the task takes by its ref.
      const ref = kernel.remote(random.happens(0.3) ? wray.put(value) : value);
      return { name, value, ref };
    });
    const results = await wray.get(calls.map(({ ref }) => ref));
    for (const [index, { name, value }] of calls.entries()) assertSame(results[index], value, name);
  });
});

test("a kernel sees what the program has sent, to the last bit of every type", async () => {
  const { classes } = structures.manifest;
  const hashes = echoes(structures).filter(({ name }) => name.startsWith("echo"));
  assert.ok(hashes.length > 40);
  await forSeedsInTurn(15, async (random) => {
    const calls = hashes.map(({ name, type }) => {
      const value = anyValue(type, classes, random);
      const ref = structures.kernel(name.replace("echo", "hash")).remote(value);
      return { name, hash: hashOf(type, value, classes), ref };
    });
    const results = await wray.get(calls.map(({ ref }) => ref));
    for (const [index, { name, hash }] of calls.entries()) assert.is(results[index], hash, name);
  });
});

test("empty values of every type come back", async () => {
  const empty: Record<string, unknown> = {
    ...{ echoEmpty: {}, echoBools: [], echoI64s: [], echoStrings: [], echoPoints: [], echoMatrix: [[], []] },
    ...{
      echoStaticU64s: [],
      echoStaticBytes: [[]],
      echoCube: [[[]]],
      echoMaybeString: "",
      echoMaybeList: [],
    },
    ...{ echoFloatArrays: [new Float32Array(0)], echoBuffers: [new ArrayBuffer(0)], echoMaybePoint: null },
  };
  for (const [name, value] of Object.entries(empty)) {
    assertSame(await wray.get(structures.kernel(name).remote(value)), value, name);
  }
});

test("every typed array, a buffer and a text come back when they have 16 MB", async () => {
  const bytes = Uint8Array.from({ length: 2 ** 24 }, (_, index) => (index * 31) ^ (index >>> 8));
  for (const name of ["Uint8Array", "Float64Array", "BigUint64Array"] as const) {
    const array = new globalThis[name](bytes.buffer.slice(0));
    assertSame(await wray.get(types.kernel(`${name}_`).remote(array)), array, name);
  }
  assertSame(await wray.get(types.kernel("ArrayBuffer_").remote(bytes.buffer)), bytes.buffer);
  const text = "\ufeff日\ud800x".repeat(2 ** 21);
  assert.ok((await wray.get(types.kernel("string_").remote(text))) === text);
  const everything = { ...everythingEmpty, text, buffer: bytes.buffer };
  assertSame(await wray.get(structures.kernel("echoEverything").remote(everything)), everything);
});

const everythingEmpty = {
  ...{ flag: false, text: "", label: null, buffer: new ArrayBuffer(0), clamped: new Uint8ClampedArray(0) },
  ...{ wide: new BigInt64Array(0), floats: null, list: [], fixed: [], points: [], matrix: [], pair: null },
  scalars: { bool: true, f64: -0, i8: 0, u16: 0, i64: 0n, u8: 0, f32: -0, i16: 0, u64: 0n, i32: 0, u32: 0 },
};

test("long arrays of numbers come back", async () => {
  const list = Array.from({ length: 300_000 }, (_, index) => (index % 7 === 0 ? -0 : index / 3));
  assertSame(await wray.get(structures.kernel("echoF64s").remote(list)), list);
  const flags = list.map((value) => Object.is(value, -0));
  assertSame(await wray.get(structures.kernel("echoBools").remote(flags)), flags);
});

test("a nullable field that is left out is null", async () => {
  const { pair, label, floats, ...rest } = everythingEmpty;
  const result = await wray.get(structures.kernel("echoEverything").remote(rest));
  assertSame(result, { ...rest, pair, label, floats });
  const node = { value: 1, children: [{ value: 2, children: [] }] };
  assertSame(await wray.get(structures.kernel("echoNode").remote(node)), {
    ...{ value: 1, next: null },
    children: [{ value: 2, next: null, children: [] }],
  });
});

test("NaN is one for numbers, also inside of arrays, whatever its bits in the kernel", async () => {
  const nans = [
    0x7ff0_0000_0000_0001n,
    0xfff8_0000_dead_beefn,
    0x7fff_ffff_ffff_ffffn,
    0xfff0_0000_0000_0001n,
  ];
  const f64Bits = structures.kernel("f64Bits");
  for (const bits of nans) {
    const made = structures.kernel("f64OfBits").remote(bits);
    assert.ok(Number.isNaN(await wray.get(made)));
    assert.is(await wray.get(f64Bits.remote(made)), 0x7ff8_0000_0000_0000n);
    const floats = new Float64Array(BigUint64Array.of(bits).buffer);
    assert.is(await wray.get(f64Bits.remote(floats[0])), 0x7ff8_0000_0000_0000n);
  }
  assertSame(
    await wray.get(structures.kernel("f64sOfBits").remote(nans)),
    nans.map(() => Number.NaN),
  );
  const f32 = structures.kernel("f32OfBits").remote(0xffc0_1234);
  assert.ok(Number.isNaN(await wray.get(f32)));
  assert.is(await wray.get(structures.kernel("f32Bits").remote(f32)), 0x7fc0_0000);
  assert.is(await wray.get(f64Bits.remote(-0)), 2n ** 63n);
  assert.is(await wray.get(structures.kernel("f32Bits").remote(-0)), 2 ** 31);
});

test("NaNs in typed arrays and buffers keep their bits", async () => {
  const bits = BigUint64Array.of(0x7ff0_0000_0000_0001n, 0xfff8_0000_dead_beefn, 0x7fa0_0000_ffa0_0001n);
  const floats = new Float64Array(bits.buffer);
  for (const array of [floats, floats.subarray(1), new Float32Array(bits.buffer), bits.buffer]) {
    const name = array instanceof ArrayBuffer ? "ArrayBuffer" : array.constructor.name;
    const result = await wray.get(types.kernel(`${name}_`).remote(array));
    assert.equal([...bytesOf(result)], [...bytesOf(array)], name);
  }
});

test("views of parts come back as the parts alone, inside of an array", async () => {
  const floats = Float64Array.of(0, 1, 2, 3).subarray(1);
  assertSame(await wray.get(structures.kernel("middles").remote(floats)), [
    Float64Array.of(2, 3),
    Float64Array.of(3),
    new Float64Array(0),
  ]);
});

test("a kernel returns several results as an object of a class", async () => {
  const summary = structures.kernel("summary");
  assertSame(await wray.get(summary.remote(["a", "four", "xx"])), {
    ...{ count: 3, mean: 7 / 3, longest: "four", lengths: [1, 4, 2] },
  });
  assertSame(await wray.get(summary.remote([])), { count: 0, mean: Number.NaN, longest: null, lengths: [] });
});

test("an object from outside has the methods and the class of one that new has made", async () => {
  assert.is(await wray.get(structures.kernel("twice").remote({ id: 1, wide: 21n, name: "x" })), 42n);
});

test("a result of a class that extends another has the fields of the one that the kernel names", async () => {
  assertSame(await wray.get(structures.kernel("asBase").remote(7)), { id: 7 });
});

test("an array from outside grows in the kernel", async () => {
  const list = (await wray.get(structures.kernel("pushed").remote([1, 2], 3))) as number[];
  assertSame(list, [1, 2, ...Array(100).fill(3)]);
});

test("defaults of structured types are the kernel's own", async () => {
  const defaults = structures.kernel("defaults");
  const point = { x: 1.5, y: 0 };
  const calls: [unknown[], string][] = [
    [[point], "1.5 1,2 none null"],
    [[point, []], "1.5  none null"],
    [[point, [7], null], "1.5 7 null null"],
    [[point, [7], undefined, undefined], "1.5 7 none null"],
    [[point, [7], "a", { x: 2, y: 0 }], "1.5 7 a 2.0"],
  ];
  for (const [args, text] of calls) assert.is(await wray.get(defaults.remote(...args)), text);
});

test("objects come back from 64 levels, and are refused below, both ways", async () => {
  const [chain, echo] = ["chain", "echoNode"].map((name) => structures.kernel(name)) as [Kernel, Kernel];
  // The last one's array is the 64th level.
  const list = await wray.get(chain.remote(63));
  assertSame(await wray.get(echo.remote(list)), list);
  const { message } = await rejects(wray.get(chain.remote(64)), "TASK_ERROR");
  assert.match(
    message,
    /^structures\/chain returned a broken value: value(\.next)+ lies deeper than 64 levels/,
  );
  const error = throwsCode(() => echo.remote({ value: 0, next: list, children: [] }), "INVALID_TASK");
  assert.match(error.message, /^structures\/echoNode: parameter x(\.next)+… lies deeper than 64 levels/);
});
