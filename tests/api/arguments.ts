import type { Kernel } from "wray";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** Calls that must be refused at once, and what the message says. */
const refused: [kernel: string, args: unknown[], message: string][] = [
  ["join", ["a"], "probe/join takes 2 arguments, but got 1"],
  ["join", ["a", "b", "c"], "probe/join takes 2 arguments, but got 3"],
  ["defaults", [], "probe/defaults takes 1 to 3 arguments, but got 0"],
  ["nothing", [1], "probe/nothing takes 0 arguments, but got 1"],
  ["positive", [], "probe/positive takes 1 argument, but got 0"],
  [
    "positive",
    ["1"],
    'parameter value must be i32 (an integer from -2147483648 to 2147483647), but is the string "1"',
  ],
  ["positive", [1.5], "but is the number 1.5"],
  ["positive", [2 ** 31], "but is the number 2147483648"],
  ["positive", [Number.NaN], "but is the number NaN"],
  ["positive", [1n], "but is the bigint 1n"],
  ["positive", [true], "but is the boolean true"],
  ["positive", [null], "but is null"],
  ["positive", [undefined], "but is undefined"],
  ["join", ["a", 1], "parameter b must be string, but is the number 1"],
  ["join", [["a"], "b"], "parameter a must be string, but is an Array"],
  ["checksum", [[1, 2]], "parameter data must be Uint8Array, but is an Array"],
  ["checksum", [new Int8Array(1)], "but is an Int8Array"],
  ["checksum", [new ArrayBuffer(1)], "but is an ArrayBuffer"],
  ["checksum", [Object.create(null)], "but is an object"],
  ["defaults", [1, undefined, "text"], "parameter second"],
];

/** How arguments are checked, and optional ones left out. */
export function argumentsTests(test: Suite, api: () => Api): void {
  test("remote() throws at once and names the parameter when arguments don't fit", () => {
    for (const [kernel, args, expected] of refused) {
      const { message } = throwsCode(
        () =>
          api()
            .probe.kernel(kernel)
            .remote(...args),
        "INVALID_TASK",
      );
      assert.match(message, expected);
    }
  });

  test("remote() says how to call the kernel when arguments don't fit", () => {
    const error = throwsCode(() => api().probe.kernel("defaults").remote("x"), "INVALID_TASK");
    const { remedy, data } = error as unknown as { remedy: string; data: unknown };
    assert.match(remedy, "probe/defaults(first: i32, second?: i32, text?: string)");
    assert.equal(data, { kernel: "probe/defaults", parameter: "first", expected: "i32" });
  });

  test("remote() takes numbers that lose precision where a kernel takes f32", async () => {
    const { wray, probe } = api();
    const same = probe.kernel("f32_");
    assert.is(await wray.get(same.remote(0.1)), Math.fround(0.1));
  });

  test("remote() uses the kernel's own defaults when optional arguments are left out", async () => {
    const { wray, probe } = api();
    const defaults = probe.kernel("defaults");
    const refs = [[4], [4, undefined], [4, undefined, undefined], [4, 1], [4, 1, ""], [4, 1, "x"]].map(
      (args) => defaults.remote(...args),
    );
    assert.equal(await wray.get(refs), ["4 8 none", "4 8 none", "4 8 none", "4 1 none", "4 1 ", "4 1 x"]);
  });

  test("get() rejects when a ref's value has the wrong type", async () => {
    const { wray, probe } = api();
    const [join, checksum, bytes] = ["join", "checksum", "bytes"].map((name) => probe.kernel(name)) as [
      Kernel,
      Kernel,
      Kernel,
    ];
    for (const ref of [wray.put(5), wray.put(undefined), bytes.remote(3, 0), bytes.remote(100_000, 0)]) {
      const { message } = await rejects(wray.get(join.remote("a", ref)), "INVALID_TASK");
      assert.match(message, "probe/join: parameter b must be string, but is ");
    }
    const { message } = await rejects(wray.get(checksum.remote(wray.put("text"))), "INVALID_TASK");
    assert.match(message, 'parameter data must be Uint8Array, but is the string "text"');
  });

  test("remote() throws when a ref is another client's", async (t) => {
    const { probe, connect } = api();
    const other = await connect(t);
    const { message } = throwsCode(() => probe.kernel("positive").remote(other.put(1)), "INVALID_TASK");
    assert.match(message, "parameter value is a ref of another client");
  });
}
