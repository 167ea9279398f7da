import { readFile, writeFile } from "node:fs/promises";
import type { KernelFrame, Module, TaskError } from "wray";
import { assert, type CodedError, rejects, type Suite } from "../support/index.ts";
import { renewed } from "./modules.ts";
import { placeOf } from "./place-of.ts";
import type { Api } from "./suite.ts";

type Failure = TaskError & CodedError & { data: { position?: string; stack: KernelFrame[]; thread: number } };

const faults = "tests/api/fixtures/faults.ts";
const at = (text: string) => placeOf(faults, text);
const frame = (name: string, text: string): KernelFrame => ({ function: name, ...at(text) });
const positionOf = (text: string) => Object.values(at(text)).join(":");

const isLibrary = ({ file }: KernelFrame) => file?.startsWith("~lib/");

/** Where a failed kernel is said to have failed. */
export function trapTests(test: Suite, api: () => Api): void {
  const fails = async (module: Module, kernel: string, args: unknown[], code = "TASK_ERROR") =>
    (await rejects(api().wray.get(module.kernel(kernel).remote(...args)), code)) as Failure;

  const deepest = frame("check", "check(value, depth - 1)");
  const outermost = frame("checked", "check(value, depth);");
  for (const build of ["faults", "faultsDebug"] as const) {
    for (const [what, args, reason, text] of [
      ["throws", [0, 2], "no value", 'throw new Error("no value")'],
      ["traps", [1, 2], "unreachable", "unreachable();\n  assert"],
      ["fails an assertion", [2, 2], "not two", 'assert(value != 2, "not two")'],
      ["divides by zero", [3, 2], "divide by zero", "10 / (value - 3)"],
    ] as const) {
      test(`get() tells the place and the stack when a function of a kernel ${what}, in ${build}`, async () => {
        const module = await api().wray.load(api().files[build]);
        const { message, data, stack } = await fails(module, "checked", [...args]);
        const title = `faults/checked: ${reason} (at ${positionOf(text)})`;
        assert.is(message, title);
        assert.ok(data.thread > 0);
        assert.equal(data, {
          thread: data.thread,
          kernel: "faults/checked",
          position: positionOf(text),
          stack: [frame("check", text), deepest, deepest, outermost],
        });
        const lines = data.stack.map(
          ({ function: name, file, line, column }) => `    at ${name} (${file}:${line}:${column})`,
        );
        assert.is(stack, [`TaskError: ${title}`, ...lines].join("\n"));
      });
    }

    test(`get() tells the first place outside the standard library when an index is out of bounds, in ${build}`, async () => {
      const module = await api().wray.load(api().files[build]);
      const { message, data } = await fails(module, "outOfBounds", [9, 1]);
      const [library, own, ...others] = data.stack;
      assert.is(library!.file, "~lib/typedarray.ts");
      const { line } = at("data[index * 3]");
      assert.equal([own!.function, own!.file, own!.line], ["pick", faults, line]);
      assert.is(data.position, `${faults}:${line}:${own!.column}`);
      assert.is(message, `faults/outOfBounds: Index out of range (at ${data.position})`);
      assert.equal(others, [
        frame("pick", "pick(data, index, depth - 1)"),
        frame("outOfBounds", "pick(data, index, depth);"),
      ]);
    });

    test(`get() tells the line when the standard library was put into a kernel, in ${build}`, async () => {
      const module = await api().wray.load(api().files[build]);
      const { data } = await fails(module, "outOfBoundsAtOnce", [9]);
      const { file, line } = at("data[index] + 1");
      assert.match(data.position!, `${file}:${line}:`);
      const [library, own, ...others] = data.stack;
      assert.is(library!.file, "~lib/typedarray.ts");
      assert.is(library!.function, build === "faults" ? undefined : "Int16Array#__get");
      assert.equal([own!.function, own!.line, others], ["outOfBoundsAtOnce", line, []]);
      assert.is(own!.isNear, build === "faults" ? true : undefined);
    });

    test(`get() keeps the standard library's frames between the user's, in ${build}`, async () => {
      const module = await api().wray.load(api().files[build]);
      const { data } = await fails(module, "sorted", [4]);
      assert.equal(data.stack[0], frame("compare", "unreachable();\n  return a < b"));
      assert.is(data.stack.at(-1)!.function, "sorted");
      assert.ok(data.stack.length > 3);
      assert.ok(data.stack.slice(1, -1).every(isLibrary));
    });

    test(`get() rejects with STACK_OVERFLOW and the place of the recursion, in ${build}`, async () => {
      const module = await api().wray.load(api().files[build]);
      const { message, data } = await fails(module, "endless", [], "STACK_OVERFLOW");
      assert.match(message, /^faults\/endless: out of stack: it recurses too deeply \(at /);
      const places = [positionOf("odd(n + 1)"), positionOf("even(n + 1)")];
      assert.ok(places.includes(data.position!), data.position);
      assert.ok(data.stack.length > 20);
      assert.is((await fails(module, "checked", [3, 0])).data.stack.length, 2);
    });
  }

  test("get() cuts the stack from outside when it is too long for a message", async () => {
    const module = await api().wray.load(api().files.faults);
    const { data, stack } = await fails(module, "deep", [1_000]);
    const [first, ...others] = data.stack;
    assert.equal(first, frame("deep", "unreachable();\n  return deep"));
    assert.ok(others.length > 20);
    for (const each of others) assert.equal(each, frame("deep", "deep(n - 1)"));
    assert.ok(JSON.stringify(data).length < 8_000);
    assert.ok(stack!.length <= 2_000 && stack!.endsWith(")"));
  });

  test("get() tells function and offset when a module has no source map", async () => {
    const { wray, files } = api();
    const alone = `${files.faults}-alone.wasm`;
    await writeFile(alone, renewed(await readFile(files.faults)));
    const { message, data, stack } = await fails(await wray.load(alone), "checked", [1, 1]);
    assert.is(data.position, undefined);
    assert.equal(
      data.stack.map(({ function: name }) => name),
      ["check", "check", "checked"],
    );
    for (const each of data.stack) assert.equal(Object.keys(each), ["function", "offset"]);
    const offset = `0x${data.stack[0]!.offset!.toString(16)}`;
    assert.is(message, `faults/checked: unreachable (at offset ${offset} of check)`);
    assert.match(stack!, `\n    at check (wasm:${offset})\n`);
  });

  test("get() tells the place that an abort says when a module has no source map", async () => {
    const module = await api().wray.load(renewed(await readFile(api().files.faults)));
    const { message, data } = await fails(module, "checked", [0, 0]);
    assert.is(message, `faults/checked: no value (at ${positionOf('throw new Error("no value")')})`);
    assert.equal(data.stack[0], frame("check", 'throw new Error("no value")'));
  });

  test("load() takes the source map as an option when it gets bytes", async () => {
    const { wray, files } = api();
    const sourceMap = await readFile(`${files.faults}.map`);
    const module = await wray.load(renewed(await readFile(files.faults)), { sourceMap });
    const { data } = await fails(module, "checked", [3, 0]);
    assert.is(data.position, positionOf("10 / (value - 3)"));
  });

  test("load() rejects with INVALID_TASK when it is given what is no source map, or one too long", async () => {
    const { wray, files } = api();
    const bytes = await readFile(files.faults);
    for (const map of [
      "",
      "{",
      "null",
      '{"version":2,"sources":[],"mappings":""}',
      '{"version":3,"sources":[]}',
    ]) {
      const error = await rejects(wray.load(bytes, { sourceMap: Buffer.from(map) }), "INVALID_TASK");
      assert.match(error.message, "no source map");
    }
    const long = (length: number) =>
      Buffer.from(JSON.stringify({ version: 3, sources: [], mappings: "A".repeat(length) }));
    for (const [length, limit] of [
      [16 * 1024 * 1024, 16 * 1024 * 1024],
      [2 * 1024 * 1024, 2 * 1024 * 1024],
    ] as const) {
      const error = await rejects(wray.load(bytes, { sourceMap: long(length) }), "INVALID_TASK");
      assert.match(error.message, `the limit is ${limit}`);
    }
    const { message } = await rejects(wray.load(bytes, { map: bytes } as object), "INVALID_TASK");
    assert.match(message, "load has no option map");
  });

  test("load() loads a module as one without a source map when the file beside it is none", async () => {
    const { wray, files } = api();
    const module = `${files.faults}-broken.wasm`;
    await writeFile(module, renewed(await readFile(files.faults)));
    await writeFile(`${module}.map`, "{");
    const { message } = await fails(await wray.load(module), "checked", [1, 0]);
    assert.match(message, /\(at offset 0x[0-9a-f]+ of check\)$/);
  });

  test("get() tells nothing but what is printable, and on one line, of the names that a module gives", async () => {
    const { wray, files } = api();
    const hostile = "\u001b]0;title\u0007\u001b[31m/etc/passwd\n    at fake (real.ts:1:1)\u202e\ud800";
    const clean = "/etc/passwd\ufffd    at fake (real.ts:1:1)\ufffd\ufffd";
    const map = JSON.parse(await readFile(`${files.faults}.map`, "utf8"));
    const sources = map.sources.map((source: string) => (source === faults ? hostile : source));
    const sourceMap = Buffer.from(JSON.stringify({ ...map, sources }));
    const frames = "\n    at x (wasm:1)";
    const name = "tests/api/fixtures/faults/checked";
    const renamed = Buffer.from(
      (await readFile(files.faults)).toString("latin1").replace(name, frames.padEnd(name.length)),
      "latin1",
    );
    const module = await wray.load(renewed(renamed), { sourceMap });

    const mapped = await fails(module, "checked", [3, 0]);
    assert.match(mapped.message, `(at ${clean}:`);
    assert.equal(
      mapped.data.stack.map(({ file }) => file),
      [clean, clean],
    );
    assert.is(mapped.data.stack[1]!.function, frames.padEnd(name.length).replace("\n", "\ufffd"));
    assert.is(mapped.stack!.split("\n").length, 3);

    const lie = await fails(module, "lie", [hostile]);
    assert.is(lie.message, `faults/lie: a lie (at ${clean}:7:4294967295)`);
    assert.equal(lie.data.stack, [{ function: "lie", file: clean, line: 7, column: 4_294_967_295 }]);
    const long = await fails(module, "lie", ["\u0001".repeat(1_000_000)]);
    assert.is(long.data.stack[0]!.file, `…${"\ufffd".repeat(199)}`);
  });

  test("get() tells nothing of the host's own files when a kernel fails", async () => {
    const { wray, files } = api();
    const module = await wray.load(files.faults);
    for (const args of [
      [0, 1],
      [1, 1],
      [3, 1],
    ]) {
      const error = await fails(module, "checked", args);
      const cause = (error.cause as Error | undefined)?.stack ?? "";
      assert.not.match(
        `${error.stack}\n${cause}\n${JSON.stringify(error.data)}`,
        /worker eval|node:|\/work\//,
      );
    }
  });
}
