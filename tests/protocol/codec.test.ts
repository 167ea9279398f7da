import { encode } from "@msgpack/msgpack";
import {
  decodeHeartbeat,
  decodeKeptState,
  decodeLogEntries,
  decodeMadeDetached,
  decodeMakeDetached,
  decodeMessagePack,
  decodeNamedActor,
  decodeObjectReply,
  decodeObjectRequest,
  decodePacketToCaller,
  decodePacketToClient,
  decodePacketToHost,
  decodePacketToOwner,
  decodeWait,
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

const run = (...bytes: number[]) => Uint8Array.from(bytes);
const encodedRef = encode({ ref: "r", at: [] });
const refRun = [encodedRef.byteLength, ...encodedRef];

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
    "packet.messages[1].kind must be one of task, template, release, cancel, taken, reserve, unreserve, endGang, ping, endActors, gone, keep, bye",
  ],
  [
    decodePacketToHost,
    packet({ kind: "result" }),
    "packet.messages[0].kind must be one of task, template, release, cancel, taken, reserve, unreserve, endGang, ping, endActors, gone, keep, bye",
  ],
  [decodePacketToHost, packet({ kind: "release", ids: [1] }), "packet.messages[0].ids[0] must be a string"],
  [
    decodePacketToHost,
    task({ actor: { id: "a", does: "call", gang: { group: "g", rank: 2, size: 2 } } }),
    "packet.messages[0].task.actor.gang.rank must be below its size",
  ],
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
  [
    decodePacketToHost,
    packet({ kind: "template", number: 1_000, template: {} }),
    "number must be below 1000",
  ],
  [
    decodePacketToHost,
    packet({ kind: "template", number: 0, template: { module: "m" } }),
    "template.kernel must be a string",
  ],
  [decodePacketToHost, packet({ kind: "call", number: 0 }), "messages[0].kind must be one of task"],
  [
    decodePacketToHost,
    packet(run(0, 0, 1, 3)),
    "messages[0] is a broken run: a value is of the unknown form 3",
  ],
  [decodePacketToHost, packet(run(0, 0)), "messages[0] is a broken run: 1 bytes are due where 0 are left"],
  [decodePacketToHost, packet(run(0, 0, 1, 0, 0)), "broken run: 8 bytes are due where 1 are left"],
  [decodePacketToHost, packet(run(0, 0, 1, 1, 200, 1, 0)), "broken run: 200 bytes are due where 1 are left"],
  [decodePacketToHost, packet(run(0, 0, 255, 255, 255, 255, 7)), "broken run: 1 bytes are due where 0"],
  [decodePacketToHost, packet(run(...Array(8).fill(255), 0)), "broken run: a number is past 2^53"],
  [decodePacketToHost, packet(run(0, 0, 1, 2, 1, 0x80, 0)), "messages[0].args.ref must be a string"],
  [decodePacketToHost, packet(run(0, 0, 1, 2, 1, 0xc1, 0)), "malformed MessagePack"],
  [decodePacketToHost, packet(run(0, 0, 0, 1, 0x90)), "messages[0].own must be a map"],
  [decodePacketToClient, packet(run(0, 2, 1, 0x80)), "messages[0].args.ref must be a string"],
  [decodePacketToClient, packet(run(0, 2, ...refRun)), "broken run: a ref stands for a value"],
  [decodePacketToOwner, packet(run(0)), "messages[0] must be a message"],
  [decodePacketToOwner, packet({ kind: "callActor", number: 0 }), "messages[0].actor must be a string"],
  [decodePacketToOwner, packet({ kind: "moveActor", actor: "a", host: "*" }), "messages[0].host must be"],
  [
    decodePacketToCaller,
    packet({ kind: "callEnded", number: 0, outcome: { kind: "lost" } }),
    "outcome.kind must be one of value, object, error, moved",
  ],
  [decodeWait, { kind: "circle", steps: [] }, "wait.steps must not be empty"],
  [decodeLogEntries, [{ kind: "call", caller: "a.b" }], "log[0].caller must be 1 to 64 letters"],
  [decodeNamedActor, { address: 1 }, "actor.address must be a string"],
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

const address = `actor:c/c-1/${"0".repeat(64)}/Counter@default/sum`;
const loggedCall = { caller: "c", number: 1, method: "add", args: [new Uint8Array(16)] };
const step = { id: "c-1", label: "m/k", at: "c", number: 0, beat: 1 };
/** Messages about actors that others own. */
const ofActors = [
  packet({
    ...{ kind: "callActor", number: 0, actor: "c-1", method: "add", least: 0, isAgain: true },
    args: [new Uint8Array(8), { ref: "c-2", owner: "c" }],
  }),
  packet({ kind: "callEnded", number: 0, outcome: { kind: "object", id: "c-3" } }),
  { kind: "waits", step, to: { id: "c-2", method: "add" } },
  { kind: "circle", steps: [step, step] },
  [
    { kind: "call", ...loggedCall },
    { kind: "failed", caller: "c", number: 1 },
  ],
  { at: 1_025, snapshot: new Uint8Array(8), calls: [loggedCall], answers: [] },
  {
    address,
    detached: {
      ...{ key: "k", host: "h", formers: ["c-0"], label: "m/Counter", options: {}, args: [] },
      restartsLeft: 1,
    },
  },
  {
    ...{ key: "k", namespace: "default", name: "sum", getIfExists: true, sha256: "0", actor: "Counter" },
    ...{ label: "m/Counter", options: {}, args: [new Uint8Array(8)] },
  },
  { kind: "made", address },
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
    ...[decodePacketToOwner, decodePacketToCaller, decodeWait, decodeLogEntries],
    ...[decodeKeptState, decodeNamedActor, decodeMakeDetached, decodeMadeDetached],
  ];
  const payloads = [
    ...vectors.messages.map(({ hex }) => fromHex(hex)),
    ...ofActors.map((each) => encode(each)),
  ];
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
