import { foreignManifest, nameOfFile } from "../../../scheduler/manifest/foreign.ts";
import { parseModule } from "../../../scheduler/wasm/parse.ts";
import { assemble } from "../../host/wasm/assemble.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("manifest/foreign");

const sha256 = "0123456789abcdef".repeat(4);
const manifestOf = (text: string, fileName?: string) =>
  foreignManifest(parseModule(assemble(text)), "x.wasm", { fileName, sha256 });

test("foreignManifest() makes a kernel of each exported function of numbers", () => {
  const manifest = manifestOf(`(module
    (func (export "all") (param i32 i64 f32 f64) (result f64) (f64.const 0))
    (func (export "nothing"))
    (func (export "$_9") (result i64) (i64.const 0)))`);
  assert.equal(manifest.kernels, [
    {
      name: "all",
      params: [
        { name: "a", type: "i32" },
        { name: "b", type: "i64" },
        { name: "c", type: "f32" },
        { name: "d", type: "f64" },
      ],
      returns: "f64",
      file: "",
      line: 0,
    },
    { name: "nothing", params: [], returns: "void", file: "", line: 0 },
    { name: "$_9", params: [], returns: "i64", file: "", line: 0 },
  ]);
});

test("foreignManifest() leaves out what can't be called", () => {
  const manifest = manifestOf(`(module (memory (export "memory") 1) (global (export "g") i32 (i32.const 0))
    (func (export "vector") (param v128)) (func (export "reference") (result externref) (ref.null extern))
    (func (export "two") (result i32 i32) (i32.const 1) (i32.const 2))
    (func $ok (export "ok") (export "with space") (export "1st") (export "") (export "__proto__") (export "a/b")))`);
  assert.equal(
    manifest.kernels.map(({ name }) => name),
    ["ok", "__proto__"],
  );
});

test("foreignManifest() gives parameters their own names when all have one", () => {
  const params = (text: string) => manifestOf(text).kernels[0]!.params.map(({ name }) => name);
  assert.equal(params('(module (func (export "f") (param $from i32) (param $to i32)))'), ["from", "to"]);
  assert.equal(params('(module (func (export "f") (param $from i32) (param i32)))'), ["a", "b"]);
  assert.equal(params('(module (func (export "f") (param $from i32) (param $a.b i32)))'), ["a", "b"]);
  const many = params(`(module (func (export "f") (param ${"i32 ".repeat(27)})))`);
  assert.equal([many.length, many[0], many[26]], [27, "p0", "p26"]);
});

test("foreignManifest() names a module by its file, by itself, or by its hash", () => {
  const one = '(func (export "f"))';
  assert.is(manifestOf(`(module ${one})`, "/some/where/my lib.v2.wasm").module, "my_lib_v2");
  assert.is(manifestOf(`(module ${one})`).module, "0123456789ab");
  const named = parseModule(
    Uint8Array.of(
      ...assemble(`(module ${one})`),
      0,
      12,
      4,
      ...Buffer.from("name"),
      0,
      5,
      4,
      ...Buffer.from("mine"),
    ),
  );
  // The assembler writes a section `name` of its own, without the module; it stands first.
  const customs = named.customs.slice(-1);
  assert.is(foreignManifest({ ...named, customs }, "x.wasm", { sha256 }).module, "mine");
  assert.is(
    foreignManifest({ ...named, customs }, "x.wasm", { sha256, fileName: "other.wasm" }).module,
    "other",
  );
});

test("nameOfFile() gives a name that can be called, or none", () => {
  assert.is(nameOfFile("file:///a/b/hash.wasm"), "hash");
  assert.is(nameOfFile("C:\\lib\\Hash.WASM"), "Hash");
  assert.is(nameOfFile("naïve (1).wasm"), "na_ve__1_");
  assert.is(nameOfFile(`${"x".repeat(70)}.wasm`), "x".repeat(64));
  for (const path of ["", "/", "….wasm", "/a/.wasm"]) assert.is(nameOfFile(path), undefined, path);
});

test("foreignManifest() says how to get there when nothing can be called", () => {
  for (const text of [
    "(module)",
    '(module (memory (export "f") 1))',
    '(module (func (export "f") (param v128)))',
  ]) {
    const error = throwsCode(() => manifestOf(text), "MODULE_REJECTED") as Error & { remedy?: string };
    assert.is(error.message, "x.wasm has neither a manifest nor a function of numbers to call");
    assert.match(error.remedy!, "wray/asconfig.json");
  }
});
