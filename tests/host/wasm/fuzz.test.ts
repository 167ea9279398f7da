import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { prepareModule } from "../../../host/wasm/prepare.ts";
import { openModule } from "../../../scheduler/manifest/read.ts";
import { root } from "../../kernels/asc.ts";
import { forSeeds, type Random } from "../../scheduler/seeds.ts";
import { assert, suite } from "../../support/index.ts";
import { assemble } from "./assemble.ts";

const test = suite("prepareModule, broken modules");

const everything = assemble(`(module
  (type $unary (func (param i32) (result i32)))
  (import "env" "abort" (func $abort (param i32)))
  (memory 1) (table $t 5 10 funcref) (tag $e (param i32))
  (global $g (mut i32) (i32.const 5)) (global $h funcref (ref.func $inc))
  (data (i32.const 8) "hello") (data $d "passive")
  (elem (i32.const 0) $inc) (elem (table $t) (offset (i32.const 2)) funcref (ref.func $inc) (ref.null func))
  (elem $p func $inc)
  (start $start)
  (func $start (global.set $g (i32.const 6)))
  (func $inc (type $unary) (local i64 f32 f64 v128) (i32.add (local.get 0) (i32.const 1)))
  (func (export "f") (param $n i32) (result i32)
    (block $out (loop $l (br_if $out (i32.eqz (local.get $n)))
      (try (do (if (i32.and (local.get $n) (i32.const 1)) (then (throw $e (local.get $n)))))
        (catch $e (local.set $n (i32.sub (local.get 0) (i32.const 1))) (drop)) (catch_all (rethrow 0)))
      (br_table $l $out $l (local.get $n))))
    (drop (memory.grow (i32.const 0)))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 4))
    (table.init $t $p (i32.const 0) (i32.const 0) (i32.const 1))
    (call_indirect (type $unary) (call $inc (local.get $n)) (i32.const 0)))
  (func (export "g") (result i32)
    (i32x4.extract_lane 1 (v128.load offset=16 (i32.const 0)))
    (drop (i32.trunc_sat_f64_s (f64.const 0.5)))
    (drop (i32.atomic.rmw8.add_u (i32.const 4) (i32.const 1)))
    (drop (i64.const -1)) (drop (select (result f64) (f64.const 1) (f64.const 2) (i32.const 1))))
  (func (export "h") (param i32) (return_call $abort (local.get 0))))`);

/**
 * What is refused is refused with the right error; what is not is as valid as it was. In particular, nothing that an
 * engine refuses becomes valid, such as code that names by index what the host adds.
 */
function checkOne(bytes: Uint8Array<ArrayBuffer>, counts: { refused: number; valid: number }): void {
  let prepared: Uint8Array<ArrayBuffer>;
  try {
    prepared = prepareModule(bytes, { preempt: true, tableEntries: 1_000 }).bytes;
  } catch (error) {
    counts.refused++;
    assert.is((error as { code?: string }).code, "MODULE_REJECTED", String((error as Error).stack));
    return;
  }
  const isValid = WebAssembly.validate(bytes);
  if (isValid) counts.valid++;
  assert.is(WebAssembly.validate(prepared), isValid, "valid before or after, and not both");
}

function flip(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const flipped = bytes.slice();
  for (let left = 1 + random.below(4); left > 0; left--) {
    const at = random.below(bytes.length);
    flipped[at] = random.happens(0.5) ? flipped[at]! ^ (1 << random.below(8)) : random.below(256);
  }
  return flipped;
}

const sources: Record<string, () => Promise<Uint8Array<ArrayBuffer>>> = {
  "a module with everything": async () => everything,
  "xxhash-wasm": async () =>
    Uint8Array.from(await readFile(join(root, "node_modules/xxhash-wasm/workerd/xxhash.wasm"))),
};

for (const [name, source] of Object.entries(sources)) {
  test(`the whole of ${name} is accepted`, async () => {
    const counts = { refused: 0, valid: 0 };
    checkOne(await source(), counts);
    assert.equal(counts, { refused: 0, valid: 1 });
  });

  test(`${name} is refused wherever it is cut off, unless it is valid there`, async () => {
    const bytes = await source();
    const counts = { refused: 0, valid: 0 };
    for (let length = 0; length < bytes.length; length++) checkOne(bytes.slice(0, length), counts);
    assert.ok(counts.refused > bytes.length * 0.9, `${counts.refused} of ${bytes.length}`);
  });

  test(`${name} with flipped bits is refused, or as valid as it was`, async () => {
    const bytes = await source();
    const counts = { refused: 0, valid: 0 };
    forSeeds(1_000, (random) => checkOne(flip(bytes, random), counts));
    assert.ok(counts.refused > 50 && counts.valid > 50, JSON.stringify(counts));
  });
}

test("openModule() refuses flipped bits as MODULE_REJECTED, or takes them", async () => {
  const bytes = await sources["xxhash-wasm"]!();
  const flipped: Uint8Array<ArrayBuffer>[] = [];
  forSeeds(300, (random) => void flipped.push(flip(bytes, random)));
  for (const each of flipped) {
    await openModule(each).catch((error) => assert.is(error.code, "MODULE_REJECTED", error.stack));
  }
});

test("a claimed count of four thousand million items is refused at once", () => {
  const huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
  for (const section of [1, 2, 3, 4, 5, 6, 7, 9, 10, 13]) {
    const bytes = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, section, huge.length, ...huge);
    const counts = { refused: 0, valid: 0 };
    checkOne(bytes, counts);
    assert.is(counts.refused, 1, `section ${section}`);
  }
});
