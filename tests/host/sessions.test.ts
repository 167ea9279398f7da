import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { crc32 } from "../../scheduler/objects/crc32.ts";
import {
  decodePacketToClient,
  decodePeerMemory,
  encodeMessage,
  encodePacket,
} from "../../scheduler/protocol/codec.ts";
import type { PeerMemory } from "../../scheduler/protocol/memory.ts";
import type { Packet, ToClient, ToHost } from "../../scheduler/protocol/messages.ts";
import { decodeValue, encodeValue } from "../../scheduler/protocol/value.ts";
import { compileProbe } from "../api/modules.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("sessions");

test("what a client began in a former session is not answered in the next", async (t) => {
  const cluster = await startCluster(t, { hosts: 1 });
  const wasm = await compileProbe();
  const wray = await cluster.connect();
  await wray.load(wasm);
  const module = createHash("sha256").update(readFileSync(wasm)).digest("hex");
  const nats = await cluster.nats();
  const subject = `wray.v1.default.host.${cluster.hosts[0]!.id}.tasks`;
  const send = (session: string, rounds: number) => {
    const args = [encodeValue("t"), encodeValue(rounds)];
    const messages: ToHost[] = [{ kind: "task", task: { id: "x-0", module, kernel: "busy", args } }];
    const packet: Packet<ToHost> = { from: "x", session, seq: 1, ack: 0, messages };
    nats.publish(subject, encodePacket(packet));
  };
  const results = nats.subscribe("wray.v1.default.client.x.results");
  send("one", 2_000_000_000);
  await cluster.heard(({ running }) => running === 1);
  send("two", 1);
  const seen: ToClient[] = [];
  for await (const { data } of results) {
    const { session, messages } = decodePacketToClient(data);
    if (session === "two") seen.push(...messages.filter(({ kind }) => kind !== "load"));
    if (seen.some((message) => message.kind === "result" && message.outcome.kind === "value")) break;
  }
  const outcomes = seen.map((message) => message.kind === "result" && message.outcome);
  assert.is(outcomes.length, 1, JSON.stringify(outcomes));
  const [outcome] = outcomes;
  assert.is(
    outcome && outcome.kind === "value" && decodeValue(Uint8Array.from(outcome.value as Uint8Array)),
    "t",
  );
});

for (const how of ["release", "bye"] as const) {
  test(`an object that its owner has let go of on its way to a host, by ${how}, is not kept there`, async (t) => {
    const cluster = await startCluster(t, { hosts: 1 });
    const wasm = await compileProbe();
    const wray = await cluster.connect();
    await wray.load(wasm);
    const module = createHash("sha256").update(readFileSync(wasm)).digest("hex");
    const nats = await cluster.nats();
    const host = `wray.v1.default.host.${cluster.hosts[0]!.id}`;
    const value = encodeValue(new Uint8Array(100_000));
    let seq = 0;
    const send = (message: ToHost) => {
      const packet = { from: "x", session: "s", seq: ++seq, ack: 0, messages: [message] };
      nats.publish(`${host}.tasks`, encodePacket(packet));
    };
    const asked = nats.subscribe("wray.v1.default.client.x.objects");
    const args = [{ ref: "x-1", at: [{ kind: "client" as const, id: "x" }] }];
    send({ kind: "task", task: { id: "x-0", module, kernel: "checksum", args } });
    for await (const request of asked) {
      send(how === "release" ? { kind: how, ids: ["x-1"] } : { kind: how });
      // Messages of one sender to one receiver keep their order: the host hears that it is not wanted first.
      request.respond(encodeMessage({ bytes: value.byteLength, data: value, sum: crc32(value) }));
      break;
    }
    const reply = async () => decodePeerMemory((await nats.request(`${host}.memory`)).data);
    const isKept = ({ objects }: PeerMemory) =>
      objects.some(({ id, label }) => id === "x-1" && label?.endsWith(", freed") !== true);
    // When this answer is here, it is done with what came before.
    await reply();
    assert.is(isKept(await reply()), false);
  });
}
