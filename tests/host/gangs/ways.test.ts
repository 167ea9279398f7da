import type { Client } from "wray";
import { Host } from "../../../host/host.ts";
import type { Bus } from "../../../scheduler/bus/bus.ts";
import type { Direct } from "../../../scheduler/bus/direct.ts";
import { natsBus } from "../../../scheduler/bus/nats.ts";
import { nodeDirect } from "../../../scheduler/bus/node-direct.ts";
import { clientOver } from "../../../scheduler/client/connect.ts";
import { jetstreamControl } from "../../../scheduler/control/jetstream.ts";
import { subjectsOf } from "../../../scheduler/protocol/subjects.ts";
import { gangTests } from "../../api/gangs.ts";
import { type Cluster, startCluster } from "../../support/cluster.ts";
import { suite, type TestContext } from "../../support/index.ts";

const test = suite("host/gangs/ways");

let cluster: Cluster;
test.before(async (t) => {
  cluster = await startCluster(t, { hosts: 0 });
});

/** Hosts in this process, and a client of theirs, which reach each other only so. Hosts of two cpus have two members each. */
async function startHosts(
  t: Pick<TestContext, "after">,
  name: string,
  direct: Direct | undefined,
): Promise<Client> {
  const join = async (who: string) => {
    const nats = await natsBus({ servers: cluster.server.url }, who);
    t.after(() => nats.close());
    const bus: Bus = Object.create(nats, { direct: { value: direct } });
    return { nats, bus, control: await jetstreamControl(nats.connection, name) };
  };
  for (const id of ["a", "b"]) {
    const { bus, control } = await join(`host-${id}`);
    const host = await Host.start({ bus, control, cluster: name, id, cpus: 2 });
    t.after(() => host.stop(0));
  }
  const { nats, bus, control } = await join("client");
  const onShutdown = () => nats.close();
  const client = await clientOver(bus, subjectsOf(name), { control, infeasibleAfterMs: 10_000, onShutdown });
  t.after(() => client.shutdown());
  return client;
}

const ways = {
  "over connections": { ...nodeDirect, machine: undefined },
  "over the bus": undefined,
};

for (const [way, direct] of Object.entries(ways)) {
  let wray: Client;
  test.before(async (t) => {
    wray = await startHosts(t, way.replaceAll(" ", "-"), direct);
  });
  gangTests(test, () => ({ wray, mostMembers: 4 }), way);
}
