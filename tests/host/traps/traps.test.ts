import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Traps } from "../../../host/traps/traps.ts";
import { type RawTrap, taskError } from "../../../host/worker/trap.ts";
import type { Control } from "../../../scheduler/control/control.ts";
import { memoryControl } from "../../../scheduler/control/memory.ts";
import type { KernelFrame, WireError } from "../../../scheduler/protocol/errors.ts";
import { root } from "../../kernels/asc.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("traps/traps");

const read = (name: string) => Uint8Array.from(readFileSync(join(root, `dist/std/${name}`)));
const math = read("math.wasm");
const mathMap = read("math.wasm.map");

/** What a worker tells of `math/fib(93)`. */
const trap = trapOf(() => {
  const abort = () => {
    throw new WebAssembly.RuntimeError("aborted");
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(math), { env: { abort } });
  (exports.fib as (n: number) => bigint)(93);
});

function trapOf(work: () => void): RawTrap {
  try {
    work();
  } catch (error) {
    return taskError("math/fib", error).data.trap as RawTrap;
  }
  throw new Error("nothing was thrown");
}

const errorWith = (raw: RawTrap): WireError => ({
  code: "TASK_ERROR",
  message: "math/fib: failed",
  data: { kernel: "math/fib", trap: raw },
});

/** A control that counts how often it is asked for a module, and knows `math` under every hash. */
function counting(own: Partial<Control> = {}) {
  const asked: string[] = [];
  const control: Control = {
    ...memoryControl(),
    getSourceMap: async () => mathMap,
    ...own,
    async getModule(sha256) {
      asked.push(sha256);
      return math;
    },
  };
  return { control, asked };
}

const stackOf = ({ data }: WireError) => data!.stack as KernelFrame[];

test("locate() leaves an error as it is when it holds no trap", async () => {
  const { control, asked } = counting();
  for (const error of [
    { code: "X", message: "m" },
    { code: "X", message: "m", data: { a: 1 } },
  ]) {
    assert.is(await new Traps(control).locate("a", error), error);
  }
  assert.equal(asked, []);
});

test("locate() asks for a module once when its kernels fail again and again", async () => {
  const { control, asked } = counting();
  const traps = new Traps(control);
  const errors = await Promise.all([1, 2, 3].map(() => traps.locate("a", errorWith(trap))));
  errors.push(await traps.locate("a", errorWith(trap)));
  for (const { message, data } of errors) {
    assert.match(message, /^math\/fib: failed \(at kernels\/std\/math\.ts:\d+:\d+\)$/);
    assert.is("trap" in data!, false);
  }
  assert.equal(asked, ["a"]);
});

test("locate() asks again for a missing source map after 5 s", async () => {
  let nowMs = 0;
  let map: Uint8Array | undefined;
  const { control, asked } = counting({ getSourceMap: async () => map });
  const traps = new Traps(control, () => nowMs);
  const isMapped = async () => stackOf(await traps.locate("a", errorWith(trap)))[0]!.file !== undefined;
  assert.is(await isMapped(), false);
  map = mathMap;
  nowMs = 4_999;
  assert.is(await isMapped(), false);
  nowMs = 5_000;
  assert.is(await isMapped(), true);
  nowMs = 1e9;
  assert.is(await isMapped(), true);
  assert.equal(asked, ["a", "a"]);
});

test("locate() tells what the worker told when the cluster's store fails, and asks again the next time", async () => {
  let isAway = true;
  const { control } = counting({
    async getSourceMap() {
      if (isAway) throw new Error("away");
      return mathMap;
    },
  });
  const traps = new Traps(control);
  const [frame] = stackOf(await traps.locate("a", errorWith(trap)));
  assert.match(frame!.function!, /^wasm-function\[\d+\]$/);
  assert.type(frame!.offset, "number");
  isAway = false;
  assert.is(stackOf(await traps.locate("a", errorWith(trap)))[0]!.function, "fib");
});

test("locate() tells the function and its offset when the source map is broken", async () => {
  const { control } = counting({ getSourceMap: async () => Uint8Array.of(1, 2, 3) });
  const { message } = await new Traps(control).locate("a", errorWith(trap));
  assert.match(message, /\(at offset 0x[0-9a-f]+ of fib\)$/);
});

test("locate() forgets the modules that failed longest ago when there are too many", async () => {
  const functions = new Array(1_000_000).fill("A").join(",");
  const large = new TextEncoder().encode(JSON.stringify({ version: 3, sources: [], mappings: functions }));
  const { control, asked } = counting({ getSourceMap: async () => large });
  const traps = new Traps(control);
  for (const sha256 of ["a", "b", "a", "c", "a", "b"]) await traps.locate(sha256, errorWith(trap));
  assert.equal(asked, ["a", "b", "c", "b"]);
});

test("locate() translates where frames are when the binary was changed before it was compiled", async () => {
  const { control } = counting();
  const traps = new Traps(control);
  const expected = stackOf(await traps.locate("a", errorWith(trap)));
  const moved: RawTrap = {
    ...trap,
    frames: [[0, 5], ...trap.frames.map(([index, offset]): [number, number] => [index + 1, offset + 50])],
  };
  const located = await traps.locate("a", errorWith(moved), {
    originalOffset: (offset) => offset - 50,
    originalFunctionIndex: (index) => (index === 0 ? undefined : index - 1),
  });
  assert.equal(stackOf(located), expected);
});

test("locate() keeps an error within its limits when everything in it is long", async () => {
  const { control } = counting();
  const frames = Array.from({ length: 100 }, (): [number, number] => trap.frames[0]!);
  const abort = { file: "\u0001".repeat(400), line: 2 ** 32 - 1, column: 2 ** 32 - 1 };
  const error = { ...errorWith({ frames, abort }), message: "m".repeat(2_001) };
  const { message, data, stack } = await new Traps(control).locate("a", error);
  assert.ok(message.length <= 2_001 && message.endsWith(":4294967295:4294967295)"));
  assert.ok(JSON.stringify(data).length < 8_000);
  assert.ok(stack!.length <= 2_001);
});
