import { startCluster } from "../../support/cluster.ts";
import { startCommand } from "../../support/command.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("wray attack on a cluster");

/** Two rounds of the list. */
const count = 260;
const timeoutMs = 270_000;

test(
  "wray attack repels every attack on the hosts of a cluster, which stay",
  async (t) => {
    const cluster = await startCluster(t, { hosts: 1, cpus: 2 });
    const [host] = cluster.hosts;
    const args = ["--count", String(count), "--servers", cluster.server.url, "--seed", "cluster"];
    const command = startCommand(t, ["attack", ...args]);
    const { code } = await command.ended;
    const text = command.text();
    assert.match(text, /all attacks repelled$/m, text);
    assert.match(text, /^workers {3}2 before, 2 after$/m);
    assert.match(text, /^memory {4}[\d.]+ MiB before/m);
    assert.is(code, 0);
    assert.not.match(host!.text(), "\u001b");
    assert.is(host!.process.exitCode, null);
  },
  { timeoutMs },
);
