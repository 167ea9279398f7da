import { readFile } from "node:fs/promises";
import { encode } from "@msgpack/msgpack";
import { sha256Of } from "../../scheduler/manifest/read.ts";
import { decodePacketToClient, decodePeerMemory } from "../../scheduler/protocol/codec.ts";
import { encodeValue } from "../../scheduler/protocol/value.ts";
import { compileProbe } from "../api/modules.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("objects that come late");

const id = "stranger";
const [task, object] = ["stranger-1", "stranger-2"];
const subject = (place: string) => `wray.v1.default.${place}`;

for (const [what, messages] of [
  [
    "its owner has let go of",
    [
      { kind: "cancel", ids: [task] },
      { kind: "release", ids: [object] },
    ],
  ],
  ["whose owner has left", [{ kind: "bye" }]],
] as const) {
  test(`a host does not keep an object on its way there that ${what}`, async (t) => {
    const cluster = await startCluster(t, { hosts: 1 });
    const wray = await cluster.connect();
    const wasm = await compileProbe();
    const probe = await wray.load(wasm);
    const nats = await cluster.nats();
    const host = cluster.hosts[0]!.id;
    const send = (seq: number, sent: readonly object[], session = "s") =>
      nats.publish(subject(`host.${host}.tasks`), encode({ from: id, session, seq, ack: 0, messages: sent }));

    const asked = nats.subscribe(subject(`client.${id}.objects`), { max: 1 });
    const module = await sha256Of(await readFile(wasm));
    const args = [{ ref: object, at: [{ kind: "client", id }] }];
    send(1, [{ kind: "task", task: { id: task, module, kernel: "checksum", args } }]);
    for await (const request of asked) {
      send(2, messages);
      const data = encodeValue(new Uint8Array(100_000));
      request.respond(encode({ bytes: data.byteLength, data }));
    }
    // What comes behind it is done, so that it is there.
    const done = nats.subscribe(subject(`client.${id}.results`));
    const next = { id: "stranger-3", module, kernel: "nothing", args: [] };
    if (messages[0].kind === "bye") send(1, [{ kind: "task", task: next }], "next");
    else send(3, [{ kind: "task", task: next }]);
    for await (const { data } of done) {
      const results = decodePacketToClient(data).messages;
      if (results.some((message) => message.kind === "result" && message.id === next.id)) break;
    }
    const memory = await nats.request(subject(`host.${host}.memory`));
    assert.equal(decodePeerMemory(memory.data).objects, []);
    assert.is(await wray.get(probe.kernel("join").remote("a", "b")), "ab");
  });
}

test("a host tells nothing of the tasks of a session that is over", async (t) => {
  const cluster = await startCluster(t, { hosts: 1 });
  const wasm = await compileProbe();
  await (await cluster.connect()).load(wasm);
  const nats = await cluster.nats();
  const tasks = subject(`host.${cluster.hosts[0]!.id}.tasks`);
  const module = await sha256Of(await readFile(wasm));
  const send = (session: string, sent: object) => {
    const messages = [{ kind: "task", task: { id: task, module, ...sent } }];
    nats.publish(tasks, encode({ from: id, session, seq: 1, ack: 0, messages }));
  };

  const results = nats.subscribe(subject(`client.${id}.results`));
  const asked = nats.subscribe(subject(`client.${id}.objects`), { max: 1 });
  send("former", { kernel: "checksum", args: [{ ref: object, at: [{ kind: "client", id }] }] });
  for await (const _ of asked) {
    // It waits for its argument. The same task comes again, in a session that ends the former.
    send("next", { kernel: "join", args: [encodeValue("a"), encodeValue("b")] });
  }
  for await (const { data } of results) {
    const [result] = decodePacketToClient(data).messages.filter(({ kind }) => kind === "result");
    if (result?.kind !== "result") continue;
    assert.is(result.outcome.kind, "value");
    break;
  }
});
