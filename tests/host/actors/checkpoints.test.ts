import { createHash } from "node:crypto";
import { decodeDelta, patch } from "../../../scheduler/actors/delta.ts";
import type { ActorPart } from "../../../scheduler/protocol/messages.ts";
import { encodeValue } from "../../../scheduler/protocol/value.ts";
import { openSession } from "../../../scripts/bench/bare/session.ts";
import { readShipped } from "../../../scripts/bench/shipped.ts";
import { startCluster } from "../../support/cluster.ts";
import { assert, suite, type TestContext } from "../../support/index.ts";

const test = suite("checkpoints of actors");
const tryPush = 1;
const blockBytes = 7_000;

/** A queue of bytes on a host, of a client that says itself which checkpoints it has. */
async function startQueue(t: TestContext) {
  const cluster = await startCluster(t, { hosts: 1 });
  const session = await openSession(cluster.server.url, cluster.hosts[0]!.id);
  t.after(() => session.close());
  const module = createHash("sha256")
    .update(await readShipped("actors"))
    .digest("hex");
  const limits = { maxArgumentBytes: 8_000 };
  const does = async (part: Omit<ActorPart, "id">, ...args: Uint8Array[]) => {
    const id = `bare-${part.does}-${count++}`;
    const outcome = await session.run({
      ...{ id, module, kernel: "Queue", args, limits, actor: { id: "queue", ...part } },
    });
    if (outcome.kind === "value") return { id, value: Uint8Array.from(outcome.value as Uint8Array) };
    assert.is(outcome.kind, "stored", JSON.stringify(outcome));
    return { id, value: await session.read(id) };
  };
  let count = 0;
  await does({ does: "make" }, encodeValue(100_000));
  return {
    push: (blockCount: number, fill: number, bytes = blockBytes) =>
      Promise.all(
        Array.from({ length: blockCount }, () =>
          does({ does: "call", method: tryPush }, encodeValue(new Uint8Array(bytes).fill(fill))),
        ),
      ),
    save: (base?: string) => does({ does: "save" }, ...(base === undefined ? [] : [encodeValue(base)])),
  };
}

const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

test("of an actor with much state, a host tells what has changed since the checkpoint that its owner has", async (t) => {
  const { push, save } = await startQueue(t);
  await push(200, 1);
  const first = await save();
  assert.ok(first.value.byteLength > 200 * blockBytes, "all of it");
  assert.is(decodeDelta(first.value), undefined);
  let known = first;
  for (let round = 0; round < 3; round++) {
    await push(1, 2, 64);
    const next = await save(known.id);
    assert.ok(next.value.byteLength < 40_000, `${next.value.byteLength} bytes`);
    const delta = decodeDelta(next.value)!;
    assert.is(delta.base, known.id);
    known = { id: next.id, value: patch(known.value, delta) };
  }
  const whole = await save();
  assert.ok(isSame(known.value, whole.value), "what is made of the changes is what it is");
});

test("it tells all of what it is to who has another checkpoint, when most has changed, and of a small one", async (t) => {
  const { push, save } = await startQueue(t);
  const none = await save();
  await push(1, 1, 64);
  const small = await save(none.id);
  assert.ok(small.value.byteLength < 8_192);
  assert.is(decodeDelta(small.value), undefined, "it is small");
  await push(100, 1);
  const [first, second] = [await save(), await save()];
  for (const base of [first.id, "another", ""]) {
    const next = await save(base);
    assert.is(decodeDelta(next.value), undefined, `since ${base}`);
    assert.ok(isSame(next.value, second.value));
  }
  const last = await save();
  await push(200, 2);
  assert.is(decodeDelta((await save(last.id)).value), undefined, "two thirds are new");
});
