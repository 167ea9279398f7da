import type { Client, Module } from "wray";
import type { Cluster, HostProcess } from "../support/cluster.ts";
import type { TestContext } from "../support/index.ts";

export type Hosts = {
  /** The cluster that they have for themselves, in which others can be started by name. */
  name: string;
  hosts: HostProcess[];
  wray: Client;
  probe: Module;
  start(name: string, cpus?: number): Promise<HostProcess>;
  /** Waits until a host says something of itself that `accept` takes. */
  heard: Cluster["heard"];
  /** Waits until the client knows exactly these hosts. */
  knows(...ids: string[]): Promise<void>;
};

/** Hosts in a cluster of the test's own, by name, and a client of it that has loaded the module. */
export async function startHosts(
  t: TestContext,
  cluster: Cluster,
  wasm: string,
  names: readonly string[],
): Promise<Hosts> {
  const name = `c${Math.random().toString(36).slice(2)}`;
  const start = async (hostName: string, cpus = 1) => {
    const host = await cluster.startHost({ cluster: name, cpus, args: ["--name", hostName] });
    t.after(() => host.kill());
    return host;
  };
  const hosts = await Promise.all(names.map((hostName) => start(hostName)));
  const wray = await cluster.connect({ cluster: name });
  t.after(() => wray.shutdown());
  return {
    ...{ name, hosts, wray, start },
    probe: await wray.load(wasm),
    heard: (accept) => cluster.heard(accept, name),
    knows: (...ids) => cluster.knows(wray, ids, name),
  };
}
