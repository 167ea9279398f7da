import { readFile } from "node:fs/promises";
import { join } from "node:path";
import wabtInit from "wabt";
import { prepareModule } from "../../../host/wasm/prepare.ts";
import { compileOnce, root } from "../../kernels/asc.ts";
import { assert, suite, type TestContext } from "../../support/index.ts";
import { instantiate, original } from "./prepared.ts";

const test = suite("prepareModule, modules of others");

const read = async (path: string) => Uint8Array.from(await readFile(path));

test(
  "programs that asc compiled give the same numbers",
  async () => {
    const folder = "tests/host/wasm/fixtures";
    const path = await compileOnce(`${folder}/numeric.ts`, ["--config", `${folder}/asconfig.json`]);
    const bytes = await read(path);
    const imports = { env: { abort: () => assert.unreachable() } };
    const calls: Record<string, number> = {
      matmul: 40,
      matmulSimd: 32,
      nbody: 500,
      fib: 22,
      sort: 20_000,
      interpret: 30_000,
      text: 5_000,
    };
    const { functions, asked } = instantiate(bytes, { imports });
    const [expected, unpreempted] = [
      original(bytes, imports),
      instantiate(bytes, { imports, preempt: false }).functions,
    ];
    for (const [name, argument] of Object.entries(calls)) {
      const result = expected[name]!(argument);
      assert.type(result, "number");
      const before = asked();
      assert.is(functions[name]!(argument), result, name);
      assert.is(unpreempted[name]!(argument), result, name);
      assert.ok(asked() > before, `${name} did not ask`);
    }
  },
  { timeoutMs: 120_000 },
);

test("xxhash-wasm from npm gives the hashes that it is known for", async () => {
  const bytes = await read(join(root, "node_modules/xxhash-wasm/workerd/xxhash.wasm"));
  const { functions, memory } = instantiate(bytes);
  const text = new TextEncoder().encode("a".repeat(10_000));
  new Uint8Array(memory!.buffer).set(text);
  const expected = original(bytes);
  new Uint8Array((expected.mem as unknown as WebAssembly.Memory).buffer).set(text);
  assert.is(BigInt.asUintN(64, functions.xxh64!(0, 0, 0n) as bigint), 0xef46db3751d8e999n);
  assert.is(functions.xxh64!(0, 10_000, 7n), expected.xxh64!(0, 10_000, 7n));
  assert.is(functions.xxh32!(3, 9_000, 7), expected.xxh32!(3, 9_000, 7));
});

/** What wabt, which is 600 KB of WebAssembly from C++, makes of a module. */
async function assembleBy(wabt: Awaited<ReturnType<typeof wabtInit>>): Promise<string> {
  const loops = Array.from(
    { length: 300 },
    (_, n) => `(func (export "f${n}") (loop (br_if 0 (i32.const ${n}))))`,
  );
  const module = wabt.parseWat("many.wat", `(module ${loops.join("\n")})`);
  module.validate();
  const { log, buffer } = module.toBinary({ log: true, write_debug_names: true });
  return log + Buffer.from(buffer).toString("hex");
}

test("wabt from npm assembles the same when it is prepared itself", async (t) => {
  const expected = await assembleBy(await wabtInit());
  let asked = 0;
  const bytes = await prepareNext(t, () => {
    asked++;
    return 32_768;
  });
  const actual = await assembleBy(await wabtInit());
  assert.ok(bytes() > 500_000 && asked > 5, `${bytes()} bytes, asked ${asked} times`);
  assert.is(actual, expected);
});

/** Prepares what is given to `WebAssembly.instantiate` until the test ends. */
async function prepareNext({ after }: TestContext, check: () => number): Promise<() => number> {
  const { instantiate: plain } = WebAssembly;
  after(() => {
    WebAssembly.instantiate = plain;
  });
  let byteCount = 0;
  WebAssembly.instantiate = (async (source: BufferSource, imports: WebAssembly.Imports) => {
    const bytes = new Uint8Array(source as Uint8Array).slice();
    byteCount += bytes.length;
    const { bytes: prepared, memory: needed } = prepareModule(bytes, {
      preempt: true,
      tableEntries: 100_000,
    });
    const memory = new WebAssembly.Memory({ initial: needed!.initialPages, maximum: needed!.maximumPages! });
    return plain(prepared, { ...imports, __wray: { memory, check } });
  }) as typeof WebAssembly.instantiate;
  return () => byteCount;
}
