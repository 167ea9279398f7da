import { type Client, init, type Module } from "wray";
import { assert, rejects, suite } from "../support/index.ts";
import { compileTo } from "./modules.ts";

const test = suite("results that are no values");
let wray: Client;
let broken: Module;

test.before(async (t) => {
  const file = await compileTo(t, "tests/kernels/fixtures/broken.ts");
  wray = await init({ cpus: 1 });
  t.after(() => wray.shutdown());
  broken = await wray.load(file);
});

const call = (kernel: string, ...args: unknown[]) => wray.get(broken.kernel(kernel).remote(...args));

/** Fails as it should, and the same worker returns a value next. */
async function fails(kernel: string, args: unknown[], says: RegExp): Promise<void> {
  const { message } = await rejects(call(kernel, ...args), "TASK_ERROR");
  assert.match(message, new RegExp(`^broken/${kernel} returned a broken value: value`));
  assert.match(message, says, `${kernel}(${args})`);
  assert.equal(await call("fine"), { x: 1, y: 2 });
}

test("a result at an address outside of the memory is a TaskError, for every type", async () => {
  const end = (await call("end")) as number;
  for (const kernel of ["text", "buffer", "floats", "list", "fixed", "point"]) {
    for (const at of [1, 19, end + 1, 0xffff_fffe]) {
      await fails(kernel, [at], /^\S+ returned a broken value: value lies outside of the memory$/);
    }
    await fails(kernel, [0], /is null, which \S+ is not$/);
    // What is there is zeros, which say that it has no size and no class.
    await fails(kernel, [end - 4], /is no |is too small for /);
  }
});

test("a result that holds such an address is a TaskError, which says where", async () => {
  await fails("texts", [7], /value\[1\] lies outside of the memory$/);
  await fails("texts", [0], /value\[1\] is null, which string is not$/);
  await fails("holes", [], /value\[0\] is null, which Point is not$/);
  await fails("nullable", [7], /value lies outside of the memory$/);
  assert.is(await call("nullable", 0), null);
});

test("a result of another class is a TaskError where that shows", async () => {
  await fails("textOfPoint", [], /value is no string$/);
  await fails("bufferOfText", [], /value is no ArrayBuffer$/);
  await fails("fixedOfText", [], /value is no StaticArray<string>$/);
  await fails("pointOfSmall", [], /value is too small for Point$/);
  await fails("listOfFloats", [], /value is too small for Array<f64>$/);
});

test("a result that claims more than it has is a TaskError", async () => {
  await fails("stretchedText", [], /value ends outside of the memory$/);
  await fails("stretchedFloats", [17], /has elements outside of its buffer$/);
  await fails("movedFloats", [8], /has elements outside of its buffer$/);
  await fails("movedFloats", [-16], /has elements outside of its buffer$/);
  await fails("movedFloats", [-4], /has elements that are not aligned$/);
  for (const length of [3, 2 ** 31, 2 ** 32 - 1]) {
    await fails("stretchedList", [length], /has elements outside of its buffer$/);
  }
  await fails("lostBuffer", [0xffff_0000], /lies outside of the memory$/);
  await fails("lostBuffer", [20], /is no ArrayBuffer|has elements outside|ends outside/);
  assert.equal(await call("stretchedList", 2), [1, 2]);
  assert.equal(await call("movedFloats", -8), new Float64Array(1));
});

test("a result that contains itself is a TaskError", async () => {
  await fails("circle", [], /lies deeper than 64 levels; it may contain itself$/);
});

test("a result that is larger than may be ends with LimitExceededError, also when it is small in memory", async () => {
  const error = await rejects(call("aliases", 300, 2 ** 20), "LIMIT_EXCEEDED");
  assert.is((error as unknown as { data: { limit: string } }).data.limit, "maxResultBytes");
  assert.equal(await call("fine"), { x: 1, y: 2 });
});

test("a result that is reached by many ways comes back as often", async () => {
  assert.equal(await call("aliases", 2, 1), [new Uint8Array(1), new Uint8Array(1)]);
  const leaf = { next: null, children: [] };
  assert.equal(await call("branches", 1), { next: null, children: [leaf, leaf] });
});
