import { type Client, init } from "wray";
import { assemble } from "../host/wasm/assemble.ts";
import { compileOnce } from "../kernels/asc.ts";
import { assert, rejects, suite } from "../support/index.ts";
import { gangTests } from "./gangs.ts";

const test = suite("api/embedded-gangs");

let wray: Client;
test.before(async () => {
  wray = await init({ cpus: 2, labels: { zone: "moon" }, infeasibleAfterMs: 300 });
});
test.after(() => wray.shutdown());

// More than it has cpus.
gangTests(test, () => ({ wray, mostMembers: 5 }));

test("a gang on an embedded host asks for what there is, or does not start", async () => {
  const gang = await wray.load(await compileOnce("tests/api/fixtures/gang.ts"));
  const who = gang.kernel("who");
  await rejects(who.gang([[], []], { strategy: "STRICT_SPREAD" }), "INFEASIBLE_TASK");
  await rejects(who.gang([[], []], { strategy: "PAK" as "PACK" }), "INVALID_TASK");
  for (const [kernel, labels] of [
    [who.options({ resources: { gpu: 1 } }), {}],
    [who, { zone: "sun" }],
    [who.options({ labels: { zone: "sun" } }), undefined],
  ] as const) {
    const [ref] = await kernel.gang([[]], { ...(labels && { labels }) });
    await rejects(wray.get(ref!), "INFEASIBLE_TASK");
  }
  const [ref] = await who.gang([[]], { labels: { zone: "moon" } });
  assert.is(await wray.get(ref!), "0 of 1");
  await rejects(who.gang([]), "INVALID_TASK");
});

test("a gang of more members than rings of one MiB have room for reduces arrays longer than its rings", async () => {
  const gang = await wray.load(await compileOnce("tests/api/fixtures/gang.ts"));
  const calls = Array.from({ length: 40 }, (): [number, number] => [1, 1_500_001]);
  assert.equal(
    await wray.get(await gang.kernel("rounds").gang(calls)),
    calls.map(() => 40),
  );
});

test("a kernel that gives addresses outside of its memory to a collective fails, and only that", async () => {
  const hostile = await wray.load(
    assemble(`(module
      (import "wray" "all_reduce" (func $all_reduce (param i32 i32 i32 i32)))
      (import "wray" "all_gather" (func $all_gather (param i32 i32 i32 i32)))
      (import "wray" "reduce_scatter" (func $reduce_scatter (param i32 i32 i32 i32 i32)))
      (import "wray" "broadcast" (func $broadcast (param i32 i32 i32 i32)))
      (import "wray" "send" (func $send (param i32 i32 i32 i32)))
      (import "wray" "receive" (func $receive (param i32)))
      (memory 1)
      (data (i32.const 4) "\\06\\00\\00\\00s\\00u\\00m\\00")
      (func (export "reduce") (param i32 i32 i32)
        (call $all_reduce (local.get 0) (local.get 1) (local.get 2) (i32.const 8)))
      (func (export "gather") (param i32 i32 i32)
        (call $all_gather (local.get 0) (local.get 1) (local.get 2) (local.get 0)))
      (func (export "scatter") (param i32 i32 i32)
        (call $reduce_scatter (local.get 0) (local.get 1) (local.get 2) (i32.const 8) (i32.const -8)))
      (func (export "root") (param i32 i32 i32)
        (call $broadcast (local.get 0) (i32.const 8) (i32.const 40) (local.get 1)))
      (func (export "sent") (param i32 i32 i32)
        (call $send (local.get 0) (local.get 1) (local.get 2) (i32.const 1)))
      (func (export "taken") (param i32 i32 i32) (call $receive (local.get 0))))`),
  );
  const all: [string, number, number, number][] = [
    ...[...["reduce", "gather", "scatter", "sent"]].flatMap((name): [string, number, number, number][] => [
      [name, 65_536, 1, 40],
      [name, -1, 1, 40],
      [name, 16, 0x20000000, 40],
      [name, 16, -1, 40],
      [name, 16, 4, 41],
    ]),
    ["scatter", 16, 8, 40],
    ["root", 16, 2, 0],
    ["root", 16, -1, 0],
    ["taken", 16, 0, 0],
  ];
  for (const [name, ...args] of all) {
    const refs = await hostile.kernel(name).gang([args, args]);
    const codes = await Promise.all(refs.map((ref) => wray.get(ref).then(String, ({ code }) => code)));
    assert.ok(codes.includes("TASK_ERROR"), `${name} ${args}: ${codes}`);
    assert.ok(
      codes.every((code) => ["TASK_ERROR", "COLLECTIVE_FAILED"].includes(code)),
      `${codes}`,
    );
  }
});
