import { readFile } from "node:fs/promises";
import { encode } from "@msgpack/msgpack";
import { sha256Of } from "../../scheduler/manifest/read.ts";
import { decodePacketToClient, decodePeerMemory } from "../../scheduler/protocol/codec.ts";
import type { ToClient } from "../../scheduler/protocol/messages.ts";
import { encodeValue } from "../../scheduler/protocol/value.ts";
import { compileProbe } from "../api/modules.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, suite, type TestContext } from "../support/index.ts";

const test = suite("objects of several clients");

const object = "owner-1";
const subject = (place: string) => `wray.v1.default.${place}`;

/** Clients by hand of one host, all of which can give the object. */
async function clientsOf(t: TestContext) {
  const cluster = await startCluster(t, { hosts: 1 });
  const wasm = await compileProbe();
  await (await cluster.connect()).load(wasm);
  const nats = await cluster.nats();
  const host = cluster.hosts[0]!.id;
  const data = encodeValue(new Uint8Array(100_000));
  const client = (id: string) => {
    let seq = 0;
    const heard: ToClient[] = [];
    let onHeard = () => {};
    nats.subscribe(subject(`client.${id}.objects`), {
      callback: (_, request) => void request.respond(encode({ bytes: data.byteLength, data })),
    });
    nats.subscribe(subject(`client.${id}.alive`), { callback: (_, request) => void request.respond() });
    nats.subscribe(subject(`client.${id}.results`), {
      callback: (_, message) => {
        heard.push(...decodePacketToClient(message.data).messages);
        onHeard();
      },
    });
    return {
      send: (...messages: object[]) =>
        nats.publish(
          subject(`host.${host}.tasks`),
          encode({ from: id, session: "s", seq: ++seq, ack: 0, messages }),
        ),
      heard: (kind: ToClient["kind"], count = 1) =>
        new Promise<void>((resolve) => {
          onHeard = () => {
            if (heard.filter((message) => message.kind === kind).length >= count) resolve();
          };
          onHeard();
        }),
    };
  };
  const owned = async () => {
    const { data } = await nats.request(subject(`host.${host}.memory`));
    return decodePeerMemory(data).objects.map(({ id }) => id);
  };
  const module = await sha256Of(await readFile(wasm));
  const task = (id: string, call: object) => ({ kind: "task", task: { id, module, ...call } });
  return { owner: client("owner"), borrower: client("borrower"), owned, task };
}

const release = { kind: "release", ids: [object] };

test("a replica is kept when a borrower, whose copy it was before, lets go of that", async (t) => {
  const { owner, borrower, owned, task } = await clientsOf(t);
  const args = [{ ref: object, at: [{ kind: "client", id: "borrower" }] }];
  borrower.send(task("borrower-1", { kernel: "checksum", args }));
  await borrower.heard("result");
  owner.send({ kind: "keep", id: object, at: [{ kind: "client", id: "owner" }] });
  await owner.heard("kept");
  // What comes behind it is done, so that it is.
  borrower.send(release, task("borrower-2", { kernel: "nothing", args: [] }));
  await borrower.heard("result", 2);
  assert.equal(await owned(), [object]);
  owner.send(release, task("owner-2", { kernel: "nothing", args: [] }));
  await owner.heard("result");
  assert.equal(await owned(), []);
});
