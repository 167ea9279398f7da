import { cleanName } from "../../../host/traps/clean-name.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("traps/clean-name");

test("cleanName() leaves names as they are when they are printable and short", () => {
  for (const name of [
    "",
    "tests/probe.ts",
    "~lib/array/Array<~lib/string/String>#push",
    "größe/日本.ts",
    "😀",
  ]) {
    assert.is(cleanName(name), name);
  }
});

test("cleanName() takes away what steers a terminal, and marks what else can't be seen", () => {
  for (const [name, expected] of [
    ["\u001b[31mred\u001b[0m", "red"],
    ["\u009b2Jcleared", "\ufffd2Jcleared"],
    ["\u001b]0;title\u0007a", "a"],
    ["\u001b]8;;http://x\u001b\\a", "a"],
    ["\u001b]never ended", ""],
    ["\u001bc", "\ufffdc"],
    ["a\nb\r\tc\u2028d", "a\ufffdb\ufffd\ufffdc\ufffdd"],
    ["\u202egnp.exe\ud800", "\ufffdgnp.exe\ufffd"],
  ] as const) {
    assert.is(cleanName(name), expected, JSON.stringify(name));
  }
});

test("cleanName() keeps the end of what is long", () => {
  assert.is(cleanName(`${"x".repeat(200)}`), "x".repeat(200));
  assert.is(cleanName(`a${"x".repeat(200)}`), `…${"x".repeat(199)}`);
  assert.is(cleanName(`${"x".repeat(10_000_000)}.ts`), `…${"x".repeat(196)}.ts`);
  assert.is(cleanName(`${"x".repeat(500)}${"\u001b[m".repeat(66)}a`).at(-1), "a");
});
