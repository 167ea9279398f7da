import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import { emptyModule, moduleWith } from "./modules.ts";
import type { Api } from "./suite.ts";

const anyManifest = { version: 1, module: "hand", kernels: [], classes: {}, runtimeIds: {} };

/** `load` and `remote`. */
export function moduleTests(test: Suite, api: () => Api): void {
  test("remote() gives a kernel of a shipped module when it is named", async () => {
    const { wray } = api();
    const add = await wray.remote("math/add");
    assert.is(add.name, "math/add");
    assert.equal(add.signature.returns, "f64");
    assert.is(await wray.get(add.remote(1, 2)), 3);
  });

  test("load() gives the same module when it gets a path, a URL or bytes", async () => {
    const { wray, files } = api();
    const bytes = await readFile(files.probe);
    const modules = await Promise.all(
      [files.probe, pathToFileURL(files.probe), bytes].map((source) => wray.load(source)),
    );
    assert.is(new Set(modules.map(({ sha256 }) => sha256)).size, 1);
    for (const module of modules) {
      assert.is(module.name, "probe");
      assert.is(await wray.get(module.kernel("join").remote("a", "b")), "ab");
    }
  });

  test("remote() finds a kernel by name and by hash when its module was loaded by anyone", async (t) => {
    const { connect, files } = api();
    const wray = await connect(t);
    const { sha256 } = await wray.load(files.probe);
    for (const module of ["probe", sha256]) {
      const join = await wray.remote(`${module}/join`);
      assert.is(await wray.get(join.remote("a", "b")), "ab");
    }
  });

  test("remote() rejects when the cluster has no such module", async () => {
    const { message } = await rejects(api().wray.remote("nowhere/add"), "MODULE_NOT_FOUND");
    assert.match(message, '"nowhere"');
    await rejects(api().wray.remote(`${"0".repeat(64)}/add`), "MODULE_NOT_FOUND");
  });

  test("remote() names the kernels that there are when the module has no such kernel", async () => {
    const error = await rejects(api().wray.remote("math/ad" as string), "KERNEL_NOT_FOUND");
    assert.match(error.message, 'module math has no kernel "ad"');
    assert.match(String((error as { remedy?: string }).remedy), "add, sub, mul");
  });

  for (const name of [
    "add",
    "",
    "math/",
    "/add",
    "math/add/more",
    "ma th/add",
    "math.*/add",
    "math/add\r\nX",
  ]) {
    test(`remote() rejects the malformed name ${JSON.stringify(name)}`, async () => {
      const { message } = await rejects(api().wray.remote(name), "KERNEL_NOT_FOUND");
      assert.match(message, JSON.stringify(name));
    });
  }

  test("kernel() throws when the module has no such kernel", () => {
    throwsCode(() => api().probe.kernel("missing"), "KERNEL_NOT_FOUND");
    throwsCode(() => api().probe.kernel("constructor"), "KERNEL_NOT_FOUND");
  });

  test("load() says how to compile when there is no such file", async () => {
    const { message } = await rejects(api().wray.load("/nonexistent/kernel.wasm"), "MODULE_NOT_FOUND");
    assert.match(message, "/nonexistent/kernel.wasm");
    await rejects(api().wray.load("/"), "MODULE_NOT_FOUND");
  });

  test("load() rejects what is not WebAssembly", async () => {
    const { wray, files } = api();
    const whole = await readFile(files.probe);
    for (const bytes of [new Uint8Array(), Buffer.from("export function"), whole.subarray(0, 300)]) {
      const { message } = await rejects(wray.load(bytes), "MODULE_REJECTED");
      assert.match(message, "is not a WebAssembly module");
    }
  });

  test("load() says how to compile when a module has neither a manifest nor anything to call", async () => {
    const error = await rejects(api().wray.load(emptyModule), "MODULE_REJECTED");
    assert.match(error.message, "neither a manifest nor a function of numbers to call");
    assert.match(String((error as { remedy?: string }).remedy), "wray/asconfig.json");
  });

  test("load() names what is wrong when a manifest is broken", async () => {
    for (const [manifest, what] of [
      ["{", "JSON"],
      [{ ...anyManifest, version: 2 }, "manifest.version must be 1"],
      [{ ...anyManifest, kernels: [{ name: "f" }] }, "manifest.kernels[0].params must be a list"],
    ] as const) {
      const { message } = await rejects(api().wray.load(moduleWith(manifest)), "MODULE_REJECTED");
      assert.match(message, what);
    }
  });

  test("load() names each import that no host gives", async () => {
    const { message } = await rejects(api().wray.load(api().files.foreign), "MODULE_REJECTED");
    for (const name of [
      "wasi_snapshot_preview1.random_get",
      "__proto__.polluted",
      "wray.constructor",
      "env.Date.now",
    ]) {
      assert.match(message, name);
    }
  });

  test("load() leaves a shipped name as it is when a module calls itself so", async () => {
    const { wray } = api();
    await wray.load(moduleWith({ ...anyManifest, module: "math" }));
    assert.is(await wray.get((await wray.remote("math/add")).remote(1, 2)), 3);
  });

  test("load() rejects a module whose name could not be called", async () => {
    const { message } = await rejects(
      api().wray.load(moduleWith({ ...anyManifest, module: "a.*/b" })),
      "MODULE_REJECTED",
    );
    assert.match(message, '"a.*/b"');
  });
}
