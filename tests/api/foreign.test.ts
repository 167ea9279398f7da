import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, init } from "wray";
import { assemble } from "../host/wasm/assemble.ts";
import { original } from "../host/wasm/prepared.ts";
import { root } from "../kernels/asc.ts";
import { assert, rejects, suite } from "../support/index.ts";

const test = suite("modules of other languages");

/** Hash functions from npm, written by hand in WebAssembly's text format, which nobody of wray has changed. */
const xxhash = join(root, "node_modules/xxhash-wasm/workerd/xxhash.wasm");

let wray: Client;
test.before(async (t) => {
  wray = await init({ cpus: 1 });
  t.after(() => wray.shutdown());
});

test("a published module runs as tasks, with the numbers that it is known for", async () => {
  const module = await wray.load(xxhash);
  assert.is(module.name, "xxhash");
  const hash = module.kernel("xxh64");
  // Of nothing, with the seeds 0 and 1, as https://github.com/Cyan4973/xxHash has them.
  const hashes = await wray.get([hash.remote(0, 0, 0n), hash.remote(0, 0, 1n)]);
  assert.equal(
    hashes.map((each) => BigInt.asUintN(64, each as bigint)),
    [0xef46db3751d8e999n, 0xd5afba1336a3be4bn],
  );
  assert.is(await wray.get((await wray.remote("xxhash/xxh32")).remote(0, 0, 0)), 0x02cc5d05);
});

test("no task of a published module sees what another left in memory", async () => {
  // The one writes its state at the address 0, of which the other takes the hash.
  const steps = [
    ["xxh64", 0, 64, 0n],
    ["init64", 0, 7n],
    ["xxh64", 0, 64, 0n],
  ] as const;
  const raw = original(Uint8Array.from(await readFile(xxhash)));
  const [before, , after] = steps.map(([name, ...args]) => raw[name]!(...args));
  assert.is.not(after, before, "without a reset it would be seen");

  const module = await wray.load(xxhash);
  for (const [name, ...args] of steps) {
    const result = await wray.get(module.kernel(name).remote(...args));
    if (name === "xxh64") assert.is(result, before);
  }
});

test("a module without a file goes by its hash, and its i32 are signed", async () => {
  const module = await wray.load(
    assemble(`(module (func (export "not") (param $x i32) (result i32) (i32.xor (local.get $x) (i32.const -1)))
      (func (export "none")) (func (export "half") (param f32) (result f32) (f32.mul (local.get 0) (f32.const 0.5))))`),
  );
  assert.is(module.name, module.sha256.slice(0, 12));
  assert.is(await wray.get(module.kernel("not").remote(5)), -6);
  assert.is(await wray.get(module.kernel("none").remote()), undefined);
  assert.is(await wray.get(module.kernel("half").remote(3)), 1.5);
  assert.is(await wray.get((await wray.remote(`${module.sha256}/not`)).remote(-1)), 0);
  const { remedy } = (await rejects(
    (async () => module.kernel("not").remote(2 ** 31))(),
    "INVALID_TASK",
  )) as Error & { remedy?: string };
  assert.match(remedy!, "not(x: i32)");
});

test("load() refuses a module of another language by the names of what no host gives", async () => {
  const bytes =
    assemble(`(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "env" "memory" (memory 1)) (func (export "f")))`);
  const { message } = await rejects(wray.load(bytes), "MODULE_REJECTED");
  assert.match(message, "wasi_snapshot_preview1.fd_write, env.memory (a memory)");
});
