import { readFile } from "node:fs/promises";
import type { GpuKernelOptions, Kernel, ObjectRef } from "wray";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, type Suite } from "../support/index.ts";
import type { Api } from "./suite.ts";

const shader = (name: string) => `tests/api/fixtures/shaders/${name}.wgsl`;

type Saxpy = (a: number, x: Float32Array, y: Float32Array) => Float32Array;
type Split = (x: Float32Array) => { even: Float32Array; odd: Float32Array };
type Image = { width: number; height: number; weights: number[] };

const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898));

/** Kernels whose code is WGSL. */
export function gpuKernelTests(test: Suite, api: () => Api): void {
  let saxpy: Kernel<Saxpy>;
  test.before(async () => {
    saxpy = await api().wray.gpuKernel<Saxpy>(shader("saxpy"), {
      outputs: { out: "x.length" },
      workgroups: "x.length / 64",
    });
  });
  const get = <T>(ref: ObjectRef<T>) => api().wray.get(ref);
  const inline = (wgsl: string, options: GpuKernelOptions) =>
    api().wray.gpuKernel({ name: "inline.wgsl", wgsl }, options);

  test("its parameters are what the shader declares, and it is a kernel like any other", async () => {
    const { params, returns } = saxpy.signature;
    assert.equal(
      params.map(({ name, type }) => `${name}: ${type}`),
      ["a: f32", "x: Float32Array", "y: Float32Array"],
    );
    assert.is(returns, "Float32Array");
    assert.is(saxpy.name, "saxpy/saxpy");
    const result = await get(saxpy.remote(2, Float32Array.of(1, 2, 3), Float32Array.of(10, 20, 30)));
    assert.equal(result, Float32Array.of(12, 24, 36));
  });

  for (const length of [0, 1, 63, 4_097, 300_000]) {
    test(`it works on ${length} values, small and large ones`, async () => {
      const [x, y] = [wave(length), wave(length).reverse()];
      const result = await get(saxpy.remote(0.5, x, y));
      assert.equal(
        result,
        Float32Array.from(x, (value, i) => Math.fround(0.5 * value) + y[i]!),
      );
    });
  }

  test("CPU task, GPU task and CPU task are one graph", async () => {
    const floats = await api().wray.load(await compileOnce("tests/api/fixtures/floats.ts"));
    for (const length of [10, 50_000]) {
      const x = floats.kernel("ramp").remote(length) as ObjectRef<Float32Array>;
      const sum = floats.kernel("total").remote(saxpy.remote(2, x, saxpy.remote(1, x, x)));
      assert.is(await get(sum), 4 * ((length * (length - 1)) / 2));
    }
  });

  test("a chain of tasks, each of which takes the result of the one before", async () => {
    const ones = api().wray.put(new Float32Array(10_000).fill(1));
    let sum: ObjectRef<Float32Array> = api().wray.put(new Float32Array(10_000));
    for (let step = 0; step < 50; step++) sum = saxpy.remote(1, ones, sum);
    assert.equal(await get(sum), new Float32Array(10_000).fill(50));
  });

  test("several results are a ref each, which other tasks take", async () => {
    const split = await api().wray.gpuKernel<Split>(shader("split"), {
      outputs: { even: "ceil(x.length / 2)", odd: "floor(x.length / 2)" },
      workgroups: "x.length / 64",
    });
    const x = Float32Array.from({ length: 9_001 }, (_, i) => i);
    const { even, odd } = split.remote(x);
    assert.equal(
      await get(odd),
      x.filter((value) => value % 2 === 1),
    );
    assert.equal(
      await get(even),
      x.filter((value) => value % 2 === 0),
    );
    const again = split.remote(even);
    assert.equal((await get(saxpy.remote(1, again.odd, again.odd))).slice(0, 3), Float32Array.of(4, 12, 20));
  });

  test("a result that is one number is told as such", async () => {
    const total = await api().wray.gpuKernel<(x: Float32Array) => number>(shader("total"), {
      outputs: ["total"],
      workgroups: 1,
    });
    assert.is(await get(total.remote(Float32Array.of(1, 2, 3.5))), 6.5);
    const sum = saxpy.remote(1, new Float32Array(5_000).fill(1), new Float32Array(5_000).fill(2));
    assert.is(await get(total.remote(sum)), 15_000);
  });

  test("numbers and arrays come together", async () => {
    const span = await api().wray.gpuKernel<
      (x: Int32Array) => { least: Int32Array; most: Int32Array; count: number }
    >(shader("span"), { outputs: ["least", "most", "count"], workgroups: "x.length / 64" });
    const { least, most, count } = span.remote(Int32Array.of(5, -3, 8));
    assert.equal(await api().wray.get([least, most, count]), [Int32Array.of(-3), Int32Array.of(8), 3]);
  });

  test("several dispatches are one task; uniforms are plain objects, constants are given", async () => {
    const blur = await api().wray.gpuKernel<(image: Image, source: Float32Array) => Float32Array>(
      shader("blur"),
      {
        outputs: { out: "image.width * image.height" },
        scratch: { between: "source.length" },
        steps: ["rows", "columns"].map((entry, index) => ({
          entry,
          workgroups: ["image.width / 8", "image.height / 8"],
          constants: { edge: 1 },
          buffers: index === 0 ? { target_: "between" } : { source: "between", target_: "out" },
        })),
      },
    );
    const image = { width: 3, height: 2, weights: [0, 1, 2] };
    const result = await get(blur.remote(image, Float32Array.of(1, 2, 3, 4, 5, 6)));
    // Along rows: x + 2 · right, with 1 beyond the edge; then the same down the columns.
    assert.equal(result, Float32Array.of(5 + 28, 8 + 34, 5 + 16, 14 + 2, 17 + 2, 8 + 2));
  });

  test("an argument that is updated is copied before", async () => {
    const increment = await api().wray.gpuKernel<(x: Uint32Array) => Uint32Array>(shader("increment"), {
      outputs: ["x"],
      updates: ["x"],
      workgroups: "x.length / 64",
    });
    const once = increment.remote(new Uint32Array(5_000).fill(1));
    const twice = increment.remote(once);
    const other = increment.remote(once);
    for (const [ref, value] of [
      [once, 2],
      [twice, 3],
      [other, 3],
    ] as const)
      assert.equal(await get(ref), new Uint32Array(5_000).fill(value));
  });

  test("what does not fit is an error that names it", async () => {
    const { wray } = api();
    const wrongType = () => saxpy.remote(1, Uint32Array.of(1) as never, Float32Array.of(1));
    assert.throws(wrongType, /parameter x must be Float32Array, but is a Uint32Array/);
    const byRef = saxpy.remote(1, wray.put(Uint32Array.of(1)) as never, Float32Array.of(1));
    assert.match((await rejects(get(byRef), "INVALID_TASK")).message, /parameter x must be Float32Array/);
    const span = await wray.gpuKernel<
      (x: Int32Array) => { least: Int32Array; most: Int32Array; count: number }
    >(shader("span"), { outputs: ["least", "most", "count"], workgroups: "x.length / 64" });
    const onDevice = saxpy.remote(1, new Float32Array(5_000), new Float32Array(5_000));
    const crossed = span.remote(onDevice as never).count;
    assert.match(
      (await rejects(get(crossed), "INVALID_TASK")).message,
      /x must be Int32Array, but is a Float32Array/,
    );
  });

  test("wrong declarations are refused before anything runs", async () => {
    const wgsl = await readFile(shader("saxpy"), "utf8");
    const options = { outputs: { out: "x.length" }, workgroups: "x.length / 64" };
    const refused = async (given: object, code: string, message: RegExp) =>
      assert.match((await rejects(inline(wgsl, { ...options, ...given }), code)).message, message);
    await refused({ outputs: ["out"] }, "MODULE_REJECTED", /out is array<f32>, and its length is not said/);
    await refused(
      { outputs: { z: 1 } },
      "MODULE_REJECTED",
      /z is no buffer of its steps, which are x, y, out/,
    );
    await refused({ workgroups: "z.length" }, "INVALID_TASK", /workgroups: "z.length" asks for z.length/);
    await refused({ workgroups: "x.length +" }, "INVALID_TASK", /is no formula/);
    await refused({ workgroups: "constructor.x" }, "INVALID_TASK", /asks for constructor.x/);
    await refused({ workgroups: undefined }, "INVALID_TASK", /is not told its workgroups/);
    await refused({ entry: "main" }, "MODULE_REJECTED", /main is none of its entry points: saxpy/);
    await refused({ wrong: 1 }, "INVALID_TASK", /gpuKernel has no option wrong/);
    assert.match(
      (await rejects(api().wray.gpuKernel("no/such.wgsl", options), "MODULE_NOT_FOUND")).message,
      /no\/such.wgsl/,
    );
  });

  test("WGSL that is wrong fails its tasks with the line, the column and the text", async () => {
    const wrong = await inline(
      "@group(0) @binding(0) var<storage, read_write> out: array<f32>;\n@compute @workgroup_size(1) fn f() { out[0] = 1u; }",
      { outputs: { out: 1 }, workgroups: 1 },
    );
    const { message } = await rejects(get(wrong.remote()), "MODULE_REJECTED");
    assert.match(message, /inline.wgsl:2:45: .*\n.*out\[0\] = 1u;/);
  });

  test("a shader that does not end fails within its time, and the next task works", async () => {
    const endless = await api().wray.gpuKernel<(ends: number) => Uint32Array>(shader("endless"), {
      outputs: ["x"],
      workgroups: 1,
    });
    const hung = endless.options({ timeoutMs: 300 }).remote(0);
    await rejects(get(hung), "TASK_TIMEOUT");
    assert.equal(await get(endless.remote(1)), Uint32Array.of(7));
  });

  test("reads and writes out of bounds stay inside of the task's own buffers", async () => {
    const { wray } = api();
    const peek = await wray.gpuKernel<(x: Uint32Array) => Uint32Array>(shader("peek"), {
      outputs: { out: 4_096 },
      workgroups: 64,
    });
    const increment = await wray.gpuKernel<(x: Uint32Array) => Uint32Array>(shader("increment"), {
      outputs: ["x"],
      updates: ["x"],
      workgroups: "x.length / 64",
    });
    const secret = increment.remote(new Uint32Array(4_096).fill(0x5ec2e7));
    await wray.wait([secret]);
    const seen = await get(peek.remote(new Uint32Array(1_024).fill(1)));
    assert.ok(!seen.includes(0x5ec2e8), "the secret was seen");
    assert.equal(await get(secret), new Uint32Array(4_096).fill(0x5ec2e8));
    // The control: what it may read, it does read that way. Its own writes end up in the last element.
    const own = await get(peek.remote(new Uint32Array(8_192).fill(0x5ec2e8)));
    assert.ok(own.slice(0, -1).every((value) => value === 0x5ec2e8));
  });

  test("more memory than it may have is an error, and nobody else is disturbed", async () => {
    const { wray } = api();
    const large = await wray.gpuKernel<(x: Float32Array) => Float32Array>(
      {
        name: "large.wgsl",
        wgsl: `@group(0) @binding(0) var<storage, read> x: array<f32>;
          @group(0) @binding(1) var<storage, read_write> out: array<f32>;
          @compute @workgroup_size(1) fn f() { out[0] = x[0]; }`,
      },
      { outputs: { out: "x.length * 1000" }, workgroups: 1 },
    );
    const small = large.options({ memoryBytes: 1_000_000 });
    await rejects(get(small.remote(new Float32Array(1_000))), "OUT_OF_MEMORY");
    await rejects(
      get(large.options({ maxResultBytes: 100_000 }).remote(new Float32Array(100))),
      "LIMIT_EXCEEDED",
    );
    assert.is((await get(small.remote(new Float32Array(100).fill(3))))[0], 3);
  });

  test("a task that fails fails those that take its result, with the error", async () => {
    const endless = await api().wray.gpuKernel<(ends: number) => Uint32Array>(shader("endless"), {
      outputs: ["x"],
      workgroups: 1,
    });
    const increment = await api().wray.gpuKernel<(x: Uint32Array) => Uint32Array>(shader("increment"), {
      outputs: ["x"],
      updates: ["x"],
      workgroups: 1,
    });
    const hung = endless.options({ timeoutMs: 200 }).remote(0);
    await rejects(get(increment.remote(hung)), "TASK_TIMEOUT");
  });

  test("arguments are those at the time of the call, also where it is decided later how it is run", async () => {
    const { wray } = api();
    const floats = await wray.load(await compileOnce("tests/api/fixtures/floats.ts"));
    const both = wray.variants({ wasm: floats.kernel("saxpy") as unknown as Kernel<Saxpy>, gpu: saxpy });
    const x = new Float32Array(3_000).fill(1);
    const refs = [
      saxpy.remote(1, x, x),
      both.remote(1, x, floats.kernel("ramp").remote(3_000) as ObjectRef<Float32Array>),
    ];
    x.fill(5);
    const [one, other] = await wray.get(refs);
    assert.equal([one![2_999], other![2_999]], [2, 3_000]);
  });

  test("a task that is cancelled fails so, and its device works on", async () => {
    const { wray } = api();
    const x = new Float32Array(100_000);
    const ref = saxpy.remote(1, x, x);
    wray.cancel(ref);
    await rejects(get(ref), "TASK_CANCELLED");
    assert.is((await get(saxpy.remote(1, x, x))).length, 100_000);
  });

  test("a kernel of several variants gives the same by each, and by whichever is chosen", async () => {
    const { wray } = api();
    const floats = await wray.load(await compileOnce("tests/api/fixtures/floats.ts"));
    const wasm = floats.kernel("saxpy") as unknown as Kernel<Saxpy>;
    const both = wray.variants({ wasm, gpu: saxpy });
    for (const length of [3, 40_000]) {
      const [x, y] = [wave(length), wave(length).reverse()];
      const expected = await get(wasm.remote(2, x, y));
      for (const variant of ["wasm", "gpu"])
        assert.equal(await get(both.options({ variant }).remote(2, x, y)), expected);
      for (let i = 0; i < 10; i++) assert.equal(await get(both.remote(2, x, y)), expected);
      const [px, py] = [wray.put(x), floats.kernel("ramp").remote(length) as ObjectRef<Float32Array>];
      const chain = both.remote(1, both.remote(1, px, py), both.remote(1, px, py));
      assert.equal((await get(chain)).at(-1), Math.fround(x.at(-1)! + (length - 1)) * 2);
    }
    assert.throws(
      () => both.options({ variant: "simd" }).remote(1, wave(1), wave(1)),
      /has no variant "simd"/,
    );
    assert.throws(
      () => wray.variants({ wasm: floats.kernel("total") as never, gpu: saxpy }),
      /the variants wasm and gpu are no kernels of the same types: \(Float32Array\): f64 and \(f32, /,
    );
  });

  test("a host tells what it offers", async () => {
    await get(saxpy.remote(1, Float32Array.of(1), Float32Array.of(1)));
    const gpu = api()
      .wray.nodes()
      .find((node) => node.gpu !== undefined)?.gpu;
    assert.ok(gpu && gpu.name.length > 0 && typeof gpu.isSoftware === "boolean");
    assert.ok(gpu.limits.maxBufferSize! >= 2 ** 28 && gpu.memoryBytes > 0 && Array.isArray(gpu.features));
  });
}
