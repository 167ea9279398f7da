import { decode, encode } from "@msgpack/msgpack";
import type { NatsConnection } from "nats";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("host/calls");

let cluster: Cluster;
let nats: NatsConnection;
let sha256: string;

test.before(async (t) => {
  cluster = await startCluster(t);
  nats = await cluster.nats();
  const names = await nats.jetstream().views.kv("wray-default-names");
  sha256 = (await names.get("math"))!.string();
});

/** A client by hand: its packets go to the host, and what comes back is a list. */
function clientOf(id: string) {
  const replies: { seq: number; messages: unknown[] }[] = [];
  const waiting: (() => void)[] = [];
  nats.subscribe(`wray.v1.default.client.${id}.results`, {
    callback(_, { data }) {
      replies.push(decode(Uint8Array.from(data)) as (typeof replies)[number]);
      for (const wake of waiting.splice(0)) wake();
    },
  });
  let seq = 0;
  return {
    send(...messages: unknown[]) {
      const packet = { from: id, session: "s", seq: ++seq, ack: 0, messages };
      nats.publish(`wray.v1.default.host.${cluster.hosts[0]!.id}.tasks`, encode(packet));
    },
    /** All messages so far but those of what the host has to do, once there are so many. */
    async messages(count: number): Promise<unknown[]> {
      const all = () => {
        const bySeq = new Map(replies.map(({ seq, messages }) => [seq, messages]));
        const inOrder = [...bySeq].sort(([a], [b]) => a - b).flatMap(([, messages]) => messages);
        return inOrder.filter((message) => (message as { kind?: string }).kind !== "load");
      };
      while (all().length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      return all();
    },
  };
}

const template = (number: number, kernel: string) => ({
  ...{ kind: "template", number },
  template: { module: sha256, kernel },
});
/** By a template, with two numbers. */
const call = (template: number, number: number, a: number, b: number) =>
  Uint8Array.of(template, number, 2, ...[a, b].flatMap((arg) => [0, ...f64(arg)]), 0);
const value = (number: number, result: number) => Uint8Array.of(number, 0, ...f64(result));
const f64 = (number: number) => new Uint8Array(Float64Array.of(number).buffer);

test("a call ends with the value of its template's kernel, and by a later one of the same number with that one's", async () => {
  const client = clientOf("first");
  client.send(template(3, "add"), call(3, 1, 5, 2));
  assert.equal(await client.messages(1), [value(1, 7)]);
  client.send(template(3, "sub"), call(3, 2, 5, 2));
  assert.equal((await client.messages(2)).at(-1), value(2, 3));
});

test("a call ends with PROTOCOL_ERROR when its session has no such template, and those beside it as ever", async () => {
  const client = clientOf("second");
  client.send(template(0, "add"), call(3, 1, 5, 2), call(0, 2, 5, 2));
  const messages = (await client.messages(2)) as { id?: string; outcome?: { error: { code: string } } }[];
  const failed = messages.find((message) => message.id === "second-1");
  assert.is(failed?.outcome?.error.code, "PROTOCOL_ERROR");
  assert.equal(
    messages.find((message) => message !== failed),
    value(2, 7),
  );
});

test("a packet whose run is broken does nothing, also before the break", async () => {
  const client = clientOf("third");
  client.send(template(0, "add"), call(0, 1, 5, 2), Uint8Array.of(0));
  // Its number is still due.
  const again = clientOf("third");
  again.send(template(0, "add"), call(0, 2, 6, 2));
  assert.equal(await again.messages(1), [value(2, 8)]);
});

test("a task by one message has the same result as a call", async () => {
  const client = clientOf("fourth");
  const arg = (number: number) => Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, ...f64(number));
  const task = { id: "mine", module: sha256, kernel: "add", args: [arg(5), arg(2)] };
  client.send({ kind: "task", task });
  const [result] = await client.messages(1);
  assert.equal(result, { kind: "result", id: "mine", outcome: { kind: "value", value: arg(7) } });
});
