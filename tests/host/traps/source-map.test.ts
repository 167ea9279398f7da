import { encode } from "@jridgewell/sourcemap-codec";
import { SourceMap } from "../../../host/traps/source-map.ts";
import { randomOf } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("traps/source-map");

type Segment = [number] | [number, number, number, number];

const bytesOf = (map: object) => new TextEncoder().encode(JSON.stringify(map));
const mapOf = (sources: string[], segments: Segment[]) =>
  SourceMap.parse(bytesOf({ version: 3, sources, names: [], mappings: encode([segments]) }));

const all = { start: 0, end: 1_000 };
const sources = ["a.ts", "~lib/b.ts"];

test("at() gives the place of the segment that an offset is in, from 1", () => {
  const map = mapOf(sources, [[10, 0, 4, 2], [12, 1, 0, 0], [14], [20, 0, 9, 9]])!;
  for (const [offset, place] of [
    [9, undefined],
    [10, { file: "a.ts", line: 5, column: 3 }],
    [11, { file: "a.ts", line: 5, column: 3 }],
    [13, { file: "~lib/b.ts", line: 1, column: 1 }],
    [14, undefined],
    [19, undefined],
    [5_000, { file: "a.ts", line: 10, column: 10 }],
  ] as const) {
    assert.equal(map.at(offset, all), place, String(offset));
  }
  assert.is(map.at(13, { start: 13, end: 20 }), undefined);
});

test("near() gives the last place before that fits, else the first one after, in the function alone", () => {
  const map = mapOf(sources, [
    [10, 0, 0, 0],
    [20, 1, 1, 0],
    [30, 0, 2, 0],
    [40, 1, 3, 0],
    [50, 0, 4, 0],
  ])!;
  const lineOf = (offset: number, start: number, end: number, inLibrary: boolean) =>
    map.near(offset, { start, end }, inLibrary)?.line;
  assert.is(lineOf(45, 0, 60, false), 3);
  assert.is(lineOf(45, 0, 60, true), 4);
  assert.is(lineOf(45, 40, 60, false), 5);
  assert.is(lineOf(45, 40, 50, false), undefined);
  assert.is(lineOf(5, 0, 60, true), 2);
  assert.is(lineOf(25, 25, 35, true), undefined);
});

test("near() looks no further than 10,000 segments", () => {
  const map = mapOf(sources, [
    [0, 0, 0, 0],
    ...Array.from({ length: 20_000 }, (_, index): Segment => [index + 1, 1, 0, 0]),
    [30_000, 0, 0, 0],
  ])!;
  assert.is(map.near(10_000, { start: 0, end: 40_000 }, false)?.line, 1);
  assert.is(map.near(10_002, { start: 0, end: 10_010 }, false), undefined);
});

test("at() knows no place when a segment names a source that there is not, or a negative line", () => {
  const map = mapOf(sources, [
    [0, 2, 0, 0],
    [1, -1, 0, 0],
    [2, 0, -1, 0],
    [3, 0, 0, -1],
    [4, 0, 2 ** 31 - 1, 0],
  ])!;
  for (const offset of [0, 1, 2, 3]) assert.is(map.at(offset, all), undefined, String(offset));
  assert.is(map.at(4, all)!.line, 2 ** 31);
});

test("parse() gives undefined when it gets no source map", () => {
  for (const json of [
    "",
    "{",
    "null",
    "5",
    "[]",
    "{}",
    '{"sources":[]}',
    '{"mappings":""}',
    '{"sources":5,"mappings":5}',
  ]) {
    assert.is(SourceMap.parse(new TextEncoder().encode(json)), undefined, json);
  }
});

test("parse() takes the first line alone, and sources of any kind", () => {
  const map = SourceMap.parse(
    bytesOf({ sources: [null, { a: 1 }, "c\n.ts"], mappings: `AAAA,CCAA,CCAA${";A".repeat(1_000)}` }),
  )!;
  assert.equal(
    [0, 1, 2].map((offset) => map.at(offset, all)!.file),
    ["null", "[object Object]", "c\ufffd.ts"],
  );
});

test("parse() and lookups never throw when a map was altered anywhere", () => {
  const seed = Date.now() >>> 0;
  const { below } = randomOf(seed);
  const whole = bytesOf({
    version: 3,
    sources,
    names: [],
    mappings: encode([[[1, 0, 1, 1], [5, 1, 2, 2], [9]]]),
  });
  for (let round = 0; round < 2_000; round++) {
    const bytes = Uint8Array.from(whole);
    for (let flips = 1 + below(3); flips > 0; flips--) bytes[below(bytes.length)] = below(256);
    const map = SourceMap.parse(bytes);
    const place = map?.at(6, all) ?? map?.near(6, all, false);
    if (place !== undefined) assert.ok(place.line >= 1 && place.column >= 1, `seed ${seed}`);
  }
});
