import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { connect } from "nats";
import { startNatsServer } from "../../scripts/nats/index.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("nats-launch");

test("startNatsServer() gives a server with JetStream and stop() leaves nothing of it", async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  assert.is(server.url, `nats://127.0.0.1:${server.port}`);
  const connection = await connect({ servers: server.url });
  const manager = await connection.jetstreamManager();
  assert.is((await manager.getAccountInfo()).streams, 0);
  await connection.close();
  const folder = dirname(server.storeDir);
  assert.ok(existsSync(folder));

  await server.stop();
  assert.not.ok(existsSync(folder));
  assert.ok(server.process.exitCode !== null || server.process.signalCode !== null);
  await rejects(connect({ servers: server.url, reconnect: false }), "CONNECTION_REFUSED");
  await server.stop();
});

test("startNatsServer() puts the text of `config` into the configuration", async (t) => {
  const config = 'max_payload: 8MB\nauthorization { token: "secret" }';
  const server = await startNatsServer({ config, jetstream: false });
  t.after(() => server.stop());
  await rejects(connect({ servers: server.url, reconnect: false }), "AUTHORIZATION_VIOLATION");
  const connection = await connect({ servers: server.url, token: "secret" });
  assert.is(connection.info?.max_payload, 8 * 1024 * 1024);
  assert.not.ok(connection.info?.jetstream);
  await connection.close();
});

test("startNatsServer() keeps the store when its folder was given", async (t) => {
  const storeDir = await mkdtemp(join(tmpdir(), "wray-store-"));
  t.after(() => rm(storeDir, { recursive: true, force: true }));
  const server = await startNatsServer({ storeDir });
  await server.stop();
  assert.is(server.storeDir, storeDir);
  assert.equal(await readdir(storeDir), ["jetstream"]);
});

test("restart() keeps the port and the JetStream data when the server was killed", async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  const { port, process: first } = server;
  const connection = await connect({ servers: server.url, reconnect: false });
  await (await connection.jetstreamManager()).streams.add({ name: "kept", subjects: ["kept"] });
  await connection.jetstream().publish("kept", "value");

  await server.kill();
  assert.is(first.signalCode, "SIGKILL");
  await connection.closed();
  await server.restart();
  assert.is(server.port, port);
  assert.is.not(server.process, first);

  const again = await connect({ servers: server.url });
  const stream = await (await again.jetstreamManager()).streams.get("kept");
  assert.is((await stream.getMessage({ seq: 1 })).string(), "value");
  await again.close();
});

test("restart() stops the server first when it runs", async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  const { port, process: first } = server;
  await server.restart();
  assert.is(server.port, port);
  assert.ok(first.exitCode !== null || first.signalCode !== null);
});

test("stop() ends the server when it is frozen", async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  server.process.kill("SIGSTOP");
  await server.stop();
  assert.is.not(server.process.signalCode, "SIGKILL");
});

test("startNatsServer() names the port when it is taken", async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  const { message } = await rejects(startNatsServer({ port: server.port }), "NATS_SERVER_START_FAILED");
  assert.match(message, `port ${server.port} of 127.0.0.1`);
  assert.match(message, "address already in use");
});

test("startNatsServer() repeats what the server says when the configuration is bad", async () => {
  const { message } = await rejects(startNatsServer({ config: "cluster {" }), "NATS_SERVER_START_FAILED");
  assert.match(message, "exit code 1 before it was ready");
  assert.match(message, "Parse error");
});

test("startNatsServer() names the program when it cannot be run", async () => {
  const executable = "/nonexistent/nats-server";
  const { message } = await rejects(startNatsServer({ executable }), "NATS_SERVER_START_FAILED");
  assert.match(message, executable);
});

/** A process that starts a server, tells of it and then does as `ending` says; and a connection to the server. */
async function startCaller(t: TestContext, ending: string) {
  const script = `
    import { startNatsServer } from ${JSON.stringify(new URL("../../scripts/nats/index.mjs", import.meta.url).href)};
    const { port, storeDir, process: { pid } } = await startNatsServer();
    console.log(JSON.stringify({ port, storeDir, pid }));
    process.stdin.once("data", () => { ${ending} });
  `;
  const caller = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: caller.stdout }), "line")) as [string];
  const { port, storeDir, pid } = JSON.parse(line) as { port: number; storeDir: string; pid: number };
  const folder = dirname(storeDir);
  t.after(() => rm(folder, { recursive: true, force: true }));
  const socket: Socket = connectSocket(port, "127.0.0.1")
    .resume()
    .on("error", () => {});
  await once(socket, "data");
  return { caller, folder, pid, gone: once(socket, "close") };
}

test("startNatsServer() leaves nothing behind when its caller exits", async (t) => {
  const { caller, folder, gone } = await startCaller(t, "process.exit(3)");
  const exited = once(caller, "exit");
  caller.stdin.write("go\n");
  await gone;
  assert.equal(await exited, [3, null]);
  assert.not.ok(existsSync(folder));
});

const title = "startNatsServer() leaves no server behind when its caller is killed";
const canAsk = await promisify(execFile)("setpriv", ["--pdeathsig", "KILL", "true"]).then(
  () => true,
  () => false,
);
if (!canAsk) test.skip(title, "this machine has no setpriv --pdeathsig");
else {
  test(title, async (t) => {
    const { caller, gone } = await startCaller(t, "");
    caller.kill("SIGKILL");
    await gone;
  });
}
