import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { nkeys } from "nats";
import { init } from "wray";
import { type NatsServer, startNatsServer } from "../../scripts/nats/index.ts";
import { startCommand } from "../support/command.ts";
import { assert, rejects, suite, type TestContext, throwsCode } from "../support/index.ts";
import { makeOperator, seedOf } from "./operator.ts";

const test = suite("credentials");

/** Options of `init`, and the same for `wray host`. */
type Credentials = { options: Record<string, string>; args: string[] };
/** A server, credentials that it takes, others that it refuses, and what must not be printed. */
type Scheme = { config: string; right: Credentials[]; wrong: Credentials[]; secrets: string[] };

const flagOf = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
const by = (options: Record<string, string>): Credentials => ({
  options,
  args: Object.entries(options).flatMap(([name, value]) => [flagOf(name), value]),
});

async function file(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wray-credentials-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "secret");
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

const schemes: Record<string, (t: TestContext) => Promise<Scheme>> = {
  "user and pass": async () => ({
    config: 'authorization { user: ada, password: "p4ss/w0rd:@" }',
    right: [by({ user: "ada", pass: "p4ss/w0rd:@" })],
    wrong: [by({}), by({ user: "ada", pass: "wr0ng-p4ss" }), by({ user: "eve", pass: "p4ss/w0rd:@" })],
    secrets: ["p4ss/w0rd:@", "p4ss%2Fw0rd", "wr0ng-p4ss"],
  }),
  token: async () => ({
    config: 'authorization { token: "t0ken-of-ours" }',
    right: [by({ token: "t0ken-of-ours" })],
    wrong: [by({}), by({ token: "t0ken-of-others" })],
    secrets: ["t0ken-of-ours", "t0ken-of-others"],
  }),
  nkey: async (t) => {
    const [ours, others] = [nkeys.createUser(), nkeys.createUser()];
    return {
      config: `authorization { users: [ { nkey: ${ours.getPublicKey()} } ] }`,
      right: [by({ nkey: await file(t, `${seedOf(ours)}\n`) })],
      wrong: [by({}), by({ nkey: await file(t, seedOf(others)) })],
      secrets: [seedOf(ours), seedOf(others)],
    };
  },
  creds: async (t) => {
    const [ours, others] = [makeOperator(), makeOperator()];
    return {
      config: ours.config,
      right: [by({ creds: await file(t, ours.creds) })],
      wrong: [by({}), by({ creds: await file(t, others.creds) })],
      secrets: [/SU[A-Z0-9]{50,}/.exec(ours.creds)![0], /SU[A-Z0-9]{50,}/.exec(others.creds)![0]],
    };
  },
};

for (const [name, make] of Object.entries(schemes)) {
  test(`init() and a host join with the right ${name}, and are refused with others`, async (t) => {
    const { config, right, wrong, secrets } = await make(t);
    const server = await startNatsServer({ config });
    t.after(() => server.stop());
    const withoutSecrets = (text: string) => {
      for (const secret of secrets) assert.not.ok(text.includes(secret), `${secret} is in:\n${text}`);
    };
    for (const { options, args } of right) {
      const host = startCommand(t, ["host", "--cpus", "1", "--servers", server.url, ...args]);
      await host.printed(/ joined /);
      const wray = await init({ servers: server.url, ...options });
      t.after(() => wray.shutdown());
      assert.is(await wray.get((await wray.remote("math/add")).remote(1, 2)), 3);
      withoutSecrets(inspect(wray, { depth: 10 }));
      host.process.kill("SIGTERM");
      assert.is((await host.ended).code, 0);
      withoutSecrets(host.text());
    }
    for (const { options, args } of wrong) {
      const error = await rejects(init({ servers: server.url, ...options }), "AUTHENTICATION_FAILED");
      assert.match(error.message, server.url);
      withoutSecrets(inspect(error, { depth: 10 }));
      const host = startCommand(t, ["host", "--cpus", "1", "--servers", server.url, ...args]);
      assert.equal(await host.ended, { code: 1, signal: null });
      assert.match(host.text(), "[AUTHENTICATION_FAILED]");
      withoutSecrets(host.text());
    }
  });
}

test("init() takes a user and password, or a token, that stand in the address", async (t) => {
  const authorizations = {
    "ada:p4ss%2Fw0rd": 'user: ada, password: "p4ss/w0rd"',
    "t0%2Fken": 'token: "t0/ken"',
  };
  for (const [userInfo, authorization] of Object.entries(authorizations)) {
    const server = await startNatsServer({ config: `authorization { ${authorization} }` });
    t.after(() => server.stop());
    const connect = (start: string) => init({ servers: `nats://${start}@127.0.0.1:${server.port}` });
    const wray = await connect(userInfo);
    await wray.shutdown();
    const error = await rejects(connect(`${userInfo}-no`), "AUTHENTICATION_FAILED");
    assert.not.match(inspect(error, { depth: 10 }), /p4ss|t0.+ken/);
    const args = ["host", "--cpus", "1", "--servers", `127.0.0.1:1,${userInfo}@127.0.0.1:${server.port}`];
    const host = startCommand(t, args);
    await host.printed(/ joined cluster default at nats:\/\/127\.0\.0\.1:1,nats:\/\/127\.0\.0\.1:\d+ /);
    host.process.kill("SIGTERM");
    await host.ended;
    assert.not.match(host.text(), /p4ss|t0.+ken/);
  }
});

test("init() names the option when a file of credentials can't be used", async (t) => {
  const servers = "nats://127.0.0.1:1";
  const garbage = await file(t, "no credentials");
  for (const name of ["creds", "nkey", "tlsCa", "tlsCert", "tlsKey"]) {
    const { message } = await rejects(
      init({ servers, [name]: "/nonexistent/file" }),
      "AUTHENTICATION_FAILED",
    );
    assert.match(message, "/nonexistent/file");
    assert.match(message, name);
  }
  for (const name of ["creds", "nkey"]) {
    const error = await rejects(init({ servers, [name]: garbage }), "AUTHENTICATION_FAILED");
    assert.match(error.message, name);
    assert.not.match(inspect(error), "no credentials");
  }
});

test("a host ends, and a client's calls reject, when the server takes their credentials away", async (t) => {
  const config = (user: string) => `authorization { user: ${user}, password: pass }`;
  const server: NatsServer = await startNatsServer({ config: config("ada") });
  t.after(() => server.stop());
  const args = ["--cpus", "1", "--servers", server.url, "--user", "ada", "--pass", "pass"];
  const host = startCommand(t, ["host", ...args]);
  await host.printed(/ joined /);
  const wray = await init({ servers: server.url, user: "ada", pass: "pass" });
  t.after(() => wray.shutdown());
  const pi = await wray.remote("math/pi");
  const refused = rejects(wray.get(pi.remote(2_000_000_000)), "AUTHENTICATION_FAILED");
  const port = server.port;
  await server.stop();
  const other = await startNatsServer({ config: config("bob"), port });
  t.after(() => other.stop());
  await refused;
  throwsCode(() => pi.remote(), "AUTHENTICATION_FAILED");
  assert.equal(await host.ended, { code: 1, signal: null });
  assert.match(host.text(), "lost its server, leaving");
  assert.match(host.text(), "[AUTHENTICATION_FAILED]");
});
