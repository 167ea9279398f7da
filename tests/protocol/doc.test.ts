import { readFileSync } from "node:fs";
import { encode } from "@msgpack/msgpack";
import { sayAgainMs } from "../../host/gangs/gangs.ts";
import { ringCapacity } from "../../host/ring/byte-ring.ts";
import { longestName } from "../../host/traps/clean-name.ts";
import { longestStack } from "../../host/traps/tell.ts";
import { leaseMs, leaseRenewMs, longestSourceMapBytes } from "../../scheduler/control/control.ts";
import { maxChunkBytes, maxRequests } from "../../scheduler/objects/frames.ts";
import { replyOverheadBytes } from "../../scheduler/objects/serve.ts";
import { tokenMs } from "../../scheduler/objects/tokens.ts";
import { deadBeats, shortestBeatMs, suspectBeats } from "../../scheduler/placement/host-table.ts";
import { decodePacketToClient, decodePacketToHost } from "../../scheduler/protocol/codec.ts";
import * as errors from "../../scheduler/protocol/errors.ts";
import { defaultLimits } from "../../scheduler/protocol/limits.ts";
import { inlineBytes, mostTemplates } from "../../scheduler/protocol/messages.ts";
import { subjectsOf } from "../../scheduler/protocol/subjects.ts";
import { maxSubmitBytes, parseSubmit } from "../../scheduler/protocol/submit.ts";
import { decodeValue } from "../../scheduler/protocol/value.ts";
import { assert, suite } from "../support/index.ts";
import { fromHex } from "./vectors.ts";

const test = suite("docs/protocol.md");
const doc = readFileSync("docs/protocol.md", "utf8");

const block = (language: string) => doc.match(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``))![1]!;
const section = (title: string) => doc.split("\n## ").find((part) => part.startsWith(`${title}\n`))!;

test("the table of errors has the codes that there are", () => {
  const inTable = [...section("Errors").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  const inCode = (Object.values(errors) as unknown[])
    .filter((value) => typeof value === "function" && value.prototype instanceof errors.WrayError)
    .map((Class) => new (Class as new (message: string) => errors.WrayError)("").code);
  assert.equal(inTable.sort(), inCode.sort());
});

test("the table of subjects has the subjects that there are", () => {
  const subjects = subjectsOf("<cluster>".replace(/\W/g, ""));
  const peers = [
    { kind: "host", id: "<id>" },
    { kind: "client", id: "<id>" },
  ] as const;
  const inCode = [
    ...[subjects.submit, subjects.job("<id>"), subjects.deadJob("<id>"), subjects.cancelJob],
    ...[subjects.load, subjects.loadOf("<id>"), subjects.idle("<id>"), subjects.drain("<id>")],
    ...[subjects.gang("<group>"), subjects.gangs("<id>")],
    ...[subjects.hello, subjects.hostTasks("<id>"), subjects.clientResults("<id>")],
    ...[subjects.borrow("<id>"), subjects.held("<id>")],
    ...[subjects.actorCalls("<id>"), subjects.actorResults("<id>"), subjects.waits("<id>")],
    ...[subjects.detached, subjects.callLog("<id>"), subjects.alive("<id>")],
    ...[...peers.map(subjects.objects), subjects.module("<sha256>"), ...peers.map(subjects.memory)],
  ];
  const firstCells = [...section("Subjects").matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell!);
  const inTable = firstCells.flatMap((cell) => [...cell.matchAll(/`(.*?)`/g)].map(([, subject]) => subject));
  assert.equal(
    inTable,
    inCode.map((subject) => subject.replace("wray.v1.cluster.", "")),
  );
});

test("the hexdump is the value that it says", () => {
  const hex = block("hexdump").replace(/^[0-9a-f]{8}|\s/gm, "");
  assert.equal(decodeValue(fromHex(hex)), Float64Array.of(1, -0.5));
});

test("the example of runs is what it says", () => {
  const [call, value] = block("run")
    .trim()
    .split("\n")
    .map((line) => fromHex(line.replaceAll(" ", "")));
  const head = { from: "x", session: "s", seq: 1, ack: 0 };
  assert.equal(decodePacketToHost(encode({ ...head, messages: [call] })).messages, [
    { kind: "call", number: 300, template: 2, args: [1, -0.5], own: undefined },
  ]);
  assert.equal(decodePacketToClient(encode({ ...head, messages: [value] })).messages, [
    { kind: "value", number: 300, value: 0.5 },
  ]);
});

test("the example of a task is one", () => {
  const task = parseSubmit(new TextEncoder().encode(block("json")), "json");
  assert.equal(task, { kernel: "math/add", args: [1, 2], id: "mine", timeoutMs: 1_000 });
});

test("the numbers are those of the code", () => {
  const spelled = (count: number) => count.toLocaleString("en-US");
  for (const [title, words] of [
    ["submit", `${spelled(maxSubmitBytes)} bytes`],
    ["Heartbeats", `${suspectBeats * shortestBeatMs} ms ago`],
    ["Heartbeats", `heard for ${spelled(deadBeats * shortestBeatMs)} ms`],
    ["Messages", `below ${spelled(mostTemplates)}`],
    ["Messages", `up to ${spelled(inlineBytes)} bytes`],
    ["Messages", `rings of ${spelled(ringCapacity(1))} bytes`],
    ["Messages", `every ${sayAgainMs} ms until`],
    ["Objects", `from 1 to ${spelled(maxChunkBytes)}`],
    ["Objects", `at most ${maxRequests} may be`],
    ["Objects", `within ${tokenMs / 1_000} s`],
    ["Objects", `− ${replyOverheadBytes} if`],
    ["JetStream", `${spelled(longestSourceMapBytes)} bytes`],
    ["JetStream", `TTL ${leaseMs / 1_000} s`],
    ["JetStream", `again every ${leaseRenewMs / 1_000} s`],
    ["Errors", `at most ${errors.mostCauses} of them`],
    ["Errors", `at most ${spelled(errors.longestText)} characters`],
    ["Errors", `more than ${spelled(longestStack)} characters`],
    ["Errors", `at most ${longestName} characters`],
  ] as const) {
    assert.ok(section(title).includes(words), `${title}: ${words}`);
  }
});

test("the table of limits has the limits that there are, and their defaults", () => {
  const inTable = [...section("Messages").matchAll(/^\| `(\w+)` \| from \d \| ([\d,]+) \|/gm)];
  assert.equal(
    Object.fromEntries(inTable.map(([, name, value]) => [name, Number(value!.replaceAll(",", ""))])),
    defaultLimits,
  );
});

test("the tags are in the order of the vectors", () => {
  const names = [...section("Values").matchAll(/`(\w+Array)`/g)].map(([, name]) => name);
  const tags = Array.from(
    { length: 11 },
    (_, index) => decodeValue(Uint8Array.of(8 + index, ...new Uint8Array(7)))?.constructor.name,
  );
  assert.equal(names.slice(0, 11), tags);
});
