import { Empty, RequestStrategy, type ServiceInfo, type ServiceStats } from "nats";
import { startCluster } from "../support/cluster.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("service");

test("a host answers $SRV.PING, $SRV.INFO and $SRV.STATS as a NATS service", async (t) => {
  const cluster = await startCluster(t, { hosts: 2 });
  const nats = await cluster.nats();
  const hostIds = cluster.hosts.map(({ id }) => id).sort();

  /** What each service answers; every host is one. */
  async function ask<T>(verb: string): Promise<T[]> {
    const answers = await nats.requestMany(`$SRV.${verb}.wray`, Empty, {
      strategy: RequestStrategy.Count,
      maxMessages: 2,
      maxWait: 10_000,
    });
    const list: T[] = [];
    for await (const answer of answers) list.push(answer.json<T>());
    return list;
  }
  for (const ping of await ask<ServiceInfo>("PING")) {
    assert.is(ping.name, "wray");
    assert.match(ping.version, /^\d+\.\d+\.\d+$/);
  }
  const infos = await ask<ServiceInfo>("INFO");
  assert.equal(infos.map(({ metadata }) => metadata?.host).sort(), hostIds);
  for (const { metadata, endpoints } of infos) {
    assert.is(metadata?.cluster, "default");
    assert.equal(
      endpoints.map(({ name, subject }) => ({ name, subject })),
      [{ name: "submit", subject: "wray.v1.default.submit" }],
    );
  }
  const requests = Array.from({ length: 10 }, () =>
    nats.request("wray.v1.default.submit", '{"kernel":"math/add","args":[1,2]}'),
  );
  for (const reply of await Promise.all(requests)) assert.is(reply.json<{ value: number }>().value, 3);
  const stats = await ask<ServiceStats>("STATS");
  const counts = stats.map(({ endpoints }) => endpoints![0]!.num_requests);
  assert.is(counts[0]! + counts[1]!, 10);
});
