import type { Client } from "wray";
import { gangTests } from "../api/gangs.ts";
import { compileOnce } from "../kernels/asc.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { assert, rejects, suite } from "../support/index.ts";

const test = suite("host/gangs");

const hosts = 4;
let cluster: Cluster;
let wray: Client;
const ends: (() => unknown)[] = [];
test.before(async () => {
  cluster = await startCluster({ after: (end: () => unknown) => void ends.push(end) } as never, { hosts, cpus: 1 });
  wray = await cluster.connect();
  await cluster.knows(wray, cluster.hosts.map(({ id }) => id));
});
test.after(async () => {
  for (const end of ends.reverse()) await end();
});

gangTests(test, () => ({ wray, mostMembers: hosts }), "between processes");

void compileOnce;
void assert;
void rejects;
