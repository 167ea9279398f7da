import { createServer, type Server, type Socket } from "node:net";
import { init } from "wray";
import { init as initClient } from "wray/client";
import { startNatsServer } from "../../scripts/nats/index.ts";
import { startCommand } from "../support/command.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("connect");

/** A port of 127.0.0.1 behind which `onSocket` answers; it is closed with the test. */
async function listen(
  t: TestContext,
  onSocket: (socket: Socket) => void,
): Promise<{ port: number; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, server };
}

async function refusedPort(t: TestContext): Promise<number> {
  const { port, server } = await listen(t, () => {});
  await new Promise((resolve) => server.close(resolve));
  return port;
}

for (const [name, connect] of [
  ["init()", init],
  ["init() of wray/client", initClient],
] as const) {
  test(`${name} rejects with CONNECTION_FAILED when nobody listens`, async (t) => {
    const servers = `nats://127.0.0.1:${await refusedPort(t)}`;
    const error = await rejects(connect({ servers, connectTimeoutMs: 2_000 }), "CONNECTION_FAILED");
    assert.match(error.message, `no NATS server answers at ${servers}`);
    assert.match((error as unknown as { remedy: string }).remedy, "nats-server -js");
  });

  test(`${name} rejects with CONNECTION_FAILED when a socket says nothing`, async (t) => {
    const { port } = await listen(t, () => {});
    const startMs = performance.now();
    await rejects(connect({ servers: `127.0.0.1:${port}`, connectTimeoutMs: 200 }), "CONNECTION_FAILED");
    assert.ok(performance.now() - startMs >= 190);
  });
}

test("init() rejects with CONNECTION_FAILED when something else answers", async (t) => {
  const { port } = await listen(t, (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await rejects(init({ servers: `127.0.0.1:${port}`, connectTimeoutMs: 1_000 }), "CONNECTION_FAILED");
});

test("init() takes no longer than connectTimeoutMs when none of several servers answers", async (t) => {
  const ports = await Promise.all([0, 1, 2].map(() => listen(t, () => {})));
  const servers = ports.map(({ port }) => `127.0.0.1:${port}`);
  const startMs = performance.now();
  await rejects(init({ servers, connectTimeoutMs: 600 }), "CONNECTION_FAILED");
  assert.ok(performance.now() - startMs < 1_200, `took ${performance.now() - startMs} ms`);
});

test("init() goes on to the next server when the first does not answer", async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  const servers = [`127.0.0.1:${await refusedPort(t)}`, server.url];
  for (const list of [servers, servers.join(",")]) {
    const wray = await init({ servers: list });
    assert.equal(wray.nodes(), []);
    await wray.shutdown();
  }
});

test("init() rejects an address that can't be read, and does not repeat it", async () => {
  for (const servers of ["", "nats://", "nats://ada:secret@:4222", ["nats://127.0.0.1:x"], []]) {
    const { message } = await rejects(init({ servers }), "INVALID_TASK");
    assert.not.match(message, "secret");
  }
  await rejects(initClient({} as never), "INVALID_TASK");
  await rejects(initClient({ servers: "127.0.0.1:1", cpus: 1 } as never), "INVALID_TASK");
});

test("init() and a host say what to do when the server has no JetStream", async (t) => {
  const server = await startNatsServer({ jetstream: false });
  t.after(() => server.stop());
  const error = await rejects(init({ servers: server.url }), "CONNECTION_FAILED");
  assert.match(error.message, `the NATS server at 127.0.0.1:${server.port} gives no JetStream`);
  assert.match((error as unknown as { remedy: string }).remedy, "nats-server -js");
  const host = startCommand(t, ["host", "--cpus", "1", "--servers", server.url]);
  await host.printed(/gives no JetStream.*; trying again/);
  await host.printed(/nats-server -js/);
  host.process.kill("SIGTERM");
  assert.equal(await host.ended, { code: 0, signal: null });
});

test("init() rejects with CONNECTION_FAILED when the user may not use JetStream", async (t) => {
  const denied = 'permissions: { publish: { deny: ["$JS.>"] } }';
  const server = await startNatsServer({
    config: `authorization { users: [ { user: ada, password: pass, ${denied} } ] }`,
  });
  t.after(() => server.stop());
  const error = await rejects(init({ servers: server.url, user: "ada", pass: "pass" }), "CONNECTION_FAILED");
  assert.match(error.message, "gives no JetStream");
});
