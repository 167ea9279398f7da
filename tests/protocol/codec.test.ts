import { encode } from "@msgpack/msgpack";
import {
  decodeHeartbeat,
  decodeMessagePack,
  decodeObjectReply,
  decodeObjectRequest,
  decodePacketToClient,
  decodePacketToHost,
  encodeMessage,
} from "../../scheduler/protocol/codec.ts";
import { mostCauses, ProtocolError, type WireError } from "../../scheduler/protocol/errors.ts";
import { forSeeds } from "../scheduler/seeds.ts";
import { assert, suite, throwsCode } from "../support/index.ts";
import { fromHex, vectors } from "./vectors.ts";

const test = suite("protocol/codec");

const packet = (...messages: unknown[]) => ({ from: "peer", session: "s", seq: 1, ack: 0, messages });
const task = (more: object) =>
  packet({ kind: "task", task: { id: "i", module: "m", kernel: "k", args: [], ...more } });
const result = (outcome: unknown) => packet({ kind: "result", id: "i", outcome });
const heartbeat = { v: 1, host: "h", epoch: 1, cpus: 1, queued: 0, running: 0, state: "up" };

const door = (place: object) => ({ bytes: 1, door: { token: new Uint8Array(16), places: [place] } });

/** Messages that are wrong in one place, with the words that name it. */
const wrong: [(payload: Uint8Array) => unknown, unknown, string][] = [
  [decodePacketToHost, [], "packet must be a map, but is a list"],
  [decodePacketToHost, { ...packet(), from: 5 }, "packet.from must be 1 to 64 letters"],
  [decodePacketToHost, { ...packet(), from: "a.b" }, "packet.from must be 1 to 64 letters"],
  [decodePacketToHost, { ...packet(), from: "a\r\nPUB b 0\r\n" }, "packet.from must be 1 to 64 letters"],
  [decodePacketToHost, { ...packet(), seq: -1 }, "packet.seq must be a whole number from 0"],
  [decodePacketToHost, { ...packet(), reset: false }, "packet.reset must be true"],
  [
    decodePacketToHost,
    packet({ kind: "bye" }, {}),
    "packet.messages[1].kind must be one of task, template, release, cancel, bye",
  ],
  [
    decodePacketToHost,
    packet({ kind: "result" }),
    "packet.messages[0].kind must be one of task, template, release, cancel, bye",
  ],
  [decodePacketToHost, packet({ kind: "release", ids: [1] }), "packet.messages[0].ids[0] must be a string"],
  [decodePacketToHost, task({ args: [5] }), "packet.messages[0].task.args[0] must be a map, but is number 5"],
  [
    decodePacketToHost,
    task({ args: [{ ref: "r", at: [{ kind: "moon", id: "x" }] }] }),
    "args[0].at[0].kind must be",
  ],
  [
    decodePacketToHost,
    task({ args: [{ ref: "r", at: [{ kind: "host", id: "*" }] }] }),
    "args[0].at[0].id must be",
  ],
  [
    decodePacketToHost,
    task({ limits: { timeoutMs: 0 } }),
    "task.limits.timeoutMs must be a whole number from 1",
  ],
  [decodePacketToClient, packet({ kind: "task" }), "packet.messages[0].kind must be one of result"],
  [decodePacketToClient, result({ kind: "value", value: "x" }), "outcome.value must be binary"],
  [decodePacketToClient, result({ kind: "stored" }), "outcome.bytes must be a whole number"],
  [
    decodePacketToClient,
    result({ kind: "error", error: { code: 1, message: "" } }),
    "outcome.error.code must be",
  ],
  [decodeHeartbeat, { ...heartbeat, state: "gone" }, "heartbeat.state must be one of up, draining, left"],
  [decodeHeartbeat, { ...heartbeat, host: "a b" }, "heartbeat.host must be 1 to 64 letters"],
  [decodeObjectRequest, { id: "i", offset: 0 }, "request.length must be a whole number from 0"],
  [decodeObjectReply, { bytes: 1, data: "x" }, "reply.data must be binary"],
  [decodeObjectRequest, { id: "i", offset: 0, length: 1, door: 1 }, "request.door must be true"],
  [
    decodeObjectReply,
    { bytes: 1, door: { token: new Uint8Array(15), places: [] } },
    "reply.door.token must be 16",
  ],
  [decodeObjectReply, door({ host: "h", port: 65_536 }), "reply.door.places[0].port must be a port"],
  [decodeObjectReply, door({ path: "/run/docker.sock" }), "reply.door.places[0].host must be a string"],
];

for (const [decode, message, words] of wrong) {
  test(`a decoder throws ProtocolError when ${words}`, () => {
    const error = throwsCode(() => decode(encode(message)), "PROTOCOL_ERROR");
    assert.ok(error.message.includes(words), error.message);
  });
}

test("encodeMessage() leaves out fields that are undefined", () => {
  assert.equal(decodeMessagePack(encodeMessage({ a: 1, b: undefined })), { a: 1 });
});

test("decodePacketToHost() gives arguments that are part of the message, not copies of it", () => {
  const payload = encodeMessage(task({ args: [new Uint8Array(100)] }));
  const [message] = decodePacketToHost(payload).messages;
  assert.is(message?.kind === "task" && (message.task.args[0] as Uint8Array).buffer, payload.buffer);
});

test("decodePacketToClient() drops causes that go deeper than an error may have", () => {
  // By hand, because an encoder runs out of stack itself. The error is the last thing in the packet.
  const head = encode(result({ kind: "error", error: 0 })).slice(0, -1);
  const words = ["code", "E", "message", "m", "cause"].map((word) => [...encode(word)]);
  const level = [0x83, ...words.flat()];
  const root = [0x82, ...words.slice(0, 4).flat()];
  const bytes = Uint8Array.from([...head, ...Array.from({ length: 100_000 }, () => level).flat(), ...root]);
  const [message] = decodePacketToClient(bytes).messages;
  let depth = 0;
  const { outcome } = message as unknown as { outcome: { error: WireError } };
  for (let cause = outcome.error.cause; cause !== undefined; cause = cause.cause) depth++;
  assert.is(depth, mostCauses);
});

test("each decoder gives a message or throws ProtocolError when bytes are cut, changed or random", () => {
  const decoders = [
    ...[decodePacketToHost, decodePacketToClient, decodeHeartbeat],
    ...[decodeObjectRequest, decodeObjectReply, decodeMessagePack],
  ];
  const payloads = vectors.messages.map(({ hex }) => fromHex(hex));
  forSeeds(3_000, (random) => {
    let bytes = random.pick(payloads).slice();
    if (random.happens(0.3)) bytes = bytes.slice(0, random.below(bytes.length));
    if (random.happens(0.1)) bytes = Uint8Array.from({ length: random.below(40) }, () => random.below(256));
    for (let change = random.below(4); change > 0 && bytes.length > 0; change--)
      bytes[random.below(bytes.length)] = random.below(256);
    for (const decode of decoders) {
      try {
        decode(bytes);
      } catch (error) {
        assert.instance(error, ProtocolError);
      }
    }
  });
});
