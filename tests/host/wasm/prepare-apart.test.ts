import { prepareModule } from "../../../host/wasm/prepare.ts";
import { prepareApart } from "../../../host/wasm/prepare-apart.ts";
import { assert, rejects, suite } from "../../support/index.ts";

const test = suite("prepareApart");
const options = { preempt: true, tableEntries: 100, source: "the large one" };
const never = new AbortController().signal;

/** A module of one function that drops so many constants. */
function large(constantCount: number): Uint8Array<ArrayBuffer> {
  const leb = (value: number): number[] =>
    value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
  const constants = Uint8Array.from({ length: 3 * constantCount }, (_, index) => [0x41, 1, 0x1a][index % 3]!);
  const bodyBytes = constants.length + 2;
  const contentBytes = 1 + leb(bodyBytes).length + bodyBytes;
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
  const before = [...head, 10, ...leb(contentBytes), 1, ...leb(bodyBytes), 0];
  const bytes = new Uint8Array(before.length + constants.length + 1);
  bytes.set(before);
  bytes.set(constants, before.length);
  bytes[bytes.length - 1] = 0x0b;
  return bytes;
}

test("it gives what prepareModule() gives, and lets others run meanwhile when the module is large", async () => {
  for (const [constantCount, isApart] of [
    [10, false],
    [200_000, true],
  ] as const) {
    const bytes = large(constantCount);
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    assert.equal(await prepareApart(bytes, options, never), prepareModule(bytes, options));
    assert.is(hasTurned, isApart);
  }
});

test("it rejects with ModuleRejectedError when the module is large and broken", async () => {
  const bytes = large(200_000);
  bytes[bytes.length - 1] = 0xff;
  const { message } = await rejects(prepareApart(bytes, options, never), "MODULE_REJECTED");
  assert.match(message, /^the large one /);
});

test("it ends with the reason of its signal", async () => {
  const late = new AbortController();
  const preparing = prepareApart(large(300_000), options, late.signal);
  late.abort(Object.assign(new Error("too late"), { code: "LATE" }));
  await rejects(preparing, "LATE");
});
