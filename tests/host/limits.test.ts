import { readFile } from "node:fs/promises";
import { type InitOptions, init } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { assert, type CodedError, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("limits of a host");

const open = async (t: Pick<TestContext, "after">, options: InitOptions) => {
  const wray = await init({ cpus: 1, ...options });
  t.after(() => wray.shutdown());
  return wray;
};
const dataOf = (error: CodedError) => (error as unknown as { data: Record<string, unknown> }).data;

test(
  "a module of more than maxModuleBytes runs nowhere, and names the limit",
  async (t) => {
    const file = await compileOnce("tests/api/fixtures/limits.ts");
    const { byteLength } = await readFile(file);
    const ask = async (maxModuleBytes: number) => {
      const wray = await open(t, { maxModuleBytes });
      return wray.get((await wray.load(file)).kernel("size").remote());
    };
    const error = await rejects(ask(byteLength - 1), "MODULE_REJECTED");
    assert.is(dataOf(error).limit, "maxModuleBytes");
    assert.match(error.message, `has ${byteLength} bytes; its host takes ${byteLength - 1}`);
    assert.is(await ask(byteLength), 1);
  },
  { timeoutMs: 90_000 },
);

test("a module that takes longer than maxCompileMs to prepare and compile runs nowhere, and the host goes on", async (t) => {
  const wray = await open(t, { maxCompileMs: 1 });
  const error = await rejects(
    wray.get((await wray.load(manyFunctions(40_000))).kernel("f").remote()),
    "MODULE_REJECTED",
  );
  assert.is(dataOf(error).limit, "maxCompileMs");
  const patient = await open(t, {});
  assert.is(await patient.get((await patient.load(manyFunctions(40_000))).kernel("f").remote()), undefined);
});

test("a task that asks for more than maxMemoryBytes does not run", async (t) => {
  const wray = await open(t, { maxMemoryBytes: 512 * 1024 * 1024 });
  const add = await wray.remote("math/add");
  const error = await rejects(
    wray.get(add.options({ memoryBytes: 513 * 1024 * 1024 }).remote(1, 2)),
    "LIMIT_EXCEEDED",
  );
  assert.is(dataOf(error).limit, "maxMemoryBytes");
  assert.is(await wray.get(add.options({ memoryBytes: 512 * 1024 * 1024 }).remote(1, 2)), 3);
});

test(
  "stackBytes says how deep the calls of a kernel may go",
  async (t) => {
    const deepest = async (stackBytes: number) => {
      const wray = await open(t, { stackBytes });
      const deep = (await wray.load(await compileOnce("tests/host/fixtures/deep.ts"))).kernel("deep");
      const goes = (depth: number) =>
        wray.get(deep.remote(depth)).then(
          () => true,
          (error) => {
            assert.is(error.code, "STACK_OVERFLOW");
            return false;
          },
        );
      let depth = 256;
      while (depth < 1_000_000 && (await goes(depth))) depth *= 2;
      return depth;
    };
    assert.ok((await deepest(512 * 1024)) < (await deepest(4 * 1024 * 1024)));
  },
  { timeoutMs: 90_000 },
);

test("a limit that is no integer, or too low, is refused", async () => {
  for (const name of ["stackBytes", "maxModuleBytes", "maxCompileMs", "maxMemoryBytes", "objectStoreBytes"]) {
    for (const value of [0, -1, 1.5, "1"]) {
      const { message } = await rejects(init({ [name]: value } as InitOptions), "INVALID_TASK");
      assert.match(message, `option ${name} must be an integer from ${name === "stackBytes" ? 524_288 : 1}`);
    }
  }
});

/** A module of so many functions, each of which adds up constants; the last is exported as `f`. */
function manyFunctions(count: number): Uint8Array {
  const leb = (value: number): number[] =>
    value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
  const section = (id: number, content: number[]) => [id, ...leb(content.length), ...content];
  const one = [...Array.from({ length: 12 }, () => [0x41, 1, 0x1a]).flat()];
  const body = [0, ...one, 0x0b];
  const bodies: number[] = [];
  for (let index = 0; index < count; index++) bodies.push(...leb(body.length), ...body);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0],
    ...section(3, [...leb(count), ...Array<number>(count).fill(0)]),
    ...section(7, [1, 1, 0x66, 0, ...leb(count - 1)]),
    ...section(10, [...leb(count), ...bodies]),
  ]);
}
