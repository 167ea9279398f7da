import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { assert, suite, type TestContext } from "../support/index.ts";

const test = suite("wray command");
let cluster: Cluster;
const hostArgs = (args: string[] = []) => ["host", "--cpus", "1", "--servers", cluster.server.url, ...args];

test.before(async (t) => {
  cluster = await startCluster(t, { hosts: 0 });
});

/** Runs a command to its end; returns its exit code and all it printed. */
async function run(t: TestContext, ...args: string[]): Promise<{ code: number | null; text: string }> {
  const command = startCommand(t, args);
  const { code } = await command.ended;
  return { code, text: command.text() };
}

test("wray prints its version", async (t) => {
  const { version } = JSON.parse(await readFile("package.json", "utf8"));
  assert.equal(await run(t, "--version"), { code: 0, text: version });
});

test("wray --help and wray host --help name the commands and each option", async (t) => {
  const help = await run(t, "--help");
  assert.is(help.code, 0);
  assert.match(help.text, "host");
  const { code, text } = await run(t, "host", "--help");
  assert.is(code, 0);
  const options = [
    "servers",
    "cluster",
    "cpus",
    "name",
    "object-address",
    "creds",
    "nkey",
    "user",
    "pass",
    "token",
  ];
  for (const option of [...options, "tls-ca", "tls-cert", "tls-key"]) assert.match(text, `--${option} `);
});

for (const [what, args, expected] of [
  ["no command is given", [], "Usage: wray"],
  ["the command is unknown", ["hots"], "unknown command 'hots'"],
  ["--servers is missing", ["host"], "required option '--servers <addresses>' not specified"],
  ["an option is unknown", ["host", "--servers", "x", "--cpu", "2"], "unknown option '--cpu'"],
  ["an option has no value", ["host", "--servers"], "argument missing"],
  ["there is more than options", ["host", "--servers", "x", "y"], "too many arguments"],
  ["--cpus is 0", ["host", "--servers", "x", "--cpus", "0"], "It must be an integer from 1."],
  ["--cpus is no number", ["host", "--servers", "x", "--cpus", "all"], "It must be an integer from 1."],
  ["--cpus is empty", ["host", "--servers", "x", "--cpus", ""], "It must be an integer from 1."],
  ["an address is bad", ["host", "--servers", "nats://"], "a server address can't be read [INVALID_TASK]"],
  ["--cluster is bad", ["host", "--servers", "x", "--cluster", "a.b"], 'cluster "a.b" is not a valid name'],
  [
    "--object-address is none that others could dial",
    ["host", "--servers", "x", "--object-address", "0.0.0.0:7000"],
    '"0.0.0.0:7000" is no address that others could dial [INVALID_TASK]',
  ],
  ["--name is bad", ["host", "--servers", "x", "--name", "a b"], 'host "a b" is not a valid name'],
] as const) {
  test(`wray exits with 1 and says why when ${what}`, async (t) => {
    const { code, text } = await run(t, ...args);
    assert.is(code, 1);
    assert.match(text, expected);
    assert.not.match(text, /\n +at .+:\d+:\d+/, "no stack");
  });
}

test("wray host runs as a single file in an empty folder with only Node", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "wray-alone-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "wray.mjs");
  await copyFile("dist/wray.mjs", file);
  const env = { PATH: dirname(process.execPath) };
  const host = startCommand(t, hostArgs(["--name", "alone"]), { file, cwd: folder, env });
  await host.printed(/^wray host alone joined cluster default at nats:\/\/127\.0\.0\.1:\d+ \(1 cpus?\)$/);
  const wray = await cluster.connect();
  assert.is(await wray.get((await wray.remote("math/add")).remote(1, 2)), 3);
  assert.equal(
    wray.nodes().map(({ id, tasksRun }) => ({ id, tasksRun })),
    [{ id: "alone", tasksRun: 1 }],
  );
  host.process.kill("SIGTERM");
  assert.is((await host.ended).code, 0);
  assert.equal(await readdir(folder), ["wray.mjs"]);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`wray host leaves with exit code 0 when ${signal} comes`, async (t) => {
    const host = startCommand(t, hostArgs(["--name", "leaver"]));
    await host.printed(/ joined /);
    const wray = await cluster.connect();
    await cluster.knows(wray, ["leaver"]);
    host.process.kill(signal);
    assert.equal(await host.ended, { code: 0, signal: null });
    assert.match(host.text(), `wray host leaver got ${signal}, leaving`);
    assert.match(host.text(), /wray host leaver left$/);
    const later = await cluster.connect();
    assert.equal(later.nodes(), []);
  });

  test(`wray host leaves with exit code 0 when ${signal} comes before it finds a server`, async (t) => {
    const host = startCommand(t, ["host", "--servers", "127.0.0.1:1", "--cpus", "1"]);
    await host.printed(/trying again/);
    host.process.kill(signal);
    assert.equal(await host.ended, { code: 0, signal: null });
  });
}

for (const [signal, exitCode] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const) {
  test(`wray host ends at once when a second ${signal} comes while a task runs`, async (t) => {
    const host = startCommand(t, hostArgs());
    await host.printed(/ joined /);
    const wray = await cluster.connect();
    const pi = await wray.remote("math/pi");
    pi.remote(2_000_000_000);
    await cluster.heard(({ running }) => running === 1);
    host.process.kill("SIGTERM");
    await host.printed(/got SIGTERM, leaving/);
    host.process.kill(signal);
    assert.equal(await host.ended, { code: exitCode, signal: null });
    await wray.shutdown();
  });
}
