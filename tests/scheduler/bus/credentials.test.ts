import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { nkeys } from "nats";
import { connectionOptions, shownServers } from "../../../scheduler/bus/credentials.ts";
import { assert, suite, type TestContext, throwsCode } from "../../support/index.ts";

const test = suite("bus/credentials");

test("connectionOptions() passes on one or several servers, with nats:// where nothing stands", () => {
  const all = ["nats://a:4222", "tls://b:4223", "nats://c"];
  assert.equal(connectionOptions({ servers: "nats://a:4222" }).servers, ["nats://a:4222"]);
  assert.equal(connectionOptions({ servers: all }).servers, all);
  assert.equal(connectionOptions({ servers: "a:4222, tls://b:4223,c" }).servers, all);
  assert.equal(connectionOptions({ servers: "[::1]:4222" }).servers, ["nats://[::1]:4222"]);
});

test("connectionOptions() splits user, password and token off the address", () => {
  assert.equal(connectionOptions({ servers: "nats://ada:p%40ss%2Fw@a:4222,b" }), {
    servers: ["nats://a:4222", "nats://b"],
    user: "ada",
    pass: "p@ss/w",
  });
  assert.equal(connectionOptions({ servers: "s3cret@a" }), { servers: ["nats://a"], token: "s3cret" });
});

test("connectionOptions() prefers options to what stands in the address", () => {
  const options = { servers: "nats://ada:old@a", user: "eve", pass: "new" };
  assert.equal(connectionOptions(options), { servers: ["nats://a"], user: "eve", pass: "new" });
  assert.is(connectionOptions({ servers: "old@a", token: "new" }).token, "new");
});

test("shownServers() shows no user, password or token", () => {
  assert.is(
    shownServers(["nats://ada:s3cret@a:4222", "s3cret@b", "tls://c,d"]),
    "nats://a:4222,nats://b,tls://c,nats://d",
  );
});

test("connectionOptions() throws InvalidTaskError that does not repeat an address that can't be read", () => {
  for (const servers of [
    "",
    "nats://",
    "nats://ada:s3cret@",
    "nats://ada:s3cret@a:port",
    "nats://ada:s3cret@a b",
  ]) {
    for (const read of [() => connectionOptions({ servers }), () => shownServers(servers)]) {
      const error = throwsCode(read, "INVALID_TASK");
      assert.not.match(inspect(error), "s3cret");
    }
  }
});

function fileOf(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "wray-credentials-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file");
  writeFileSync(path, text);
  return path;
}

for (const address of ["nats://u:s3/cret@host", "nats://u:s3%zzcret@host", "u:s3/cret@host:4222"]) {
  test(`connectionOptions() throws InvalidTaskError that tells no password for ${address}`, () => {
    const error = throwsCode(() => connectionOptions({ servers: address }), "INVALID_TASK");
    assert.not.match(inspect(error), "s3");
    throwsCode(() => shownServers(address), "INVALID_TASK");
  });
}

test("connectionOptions() asks for TLS when any of its files is given", (t) => {
  const path = fileOf(t, "pem");
  const tlsOf = (options: { tlsCa?: string; tlsCert?: string; tlsKey?: string }) => {
    const { caFile, certFile, keyFile } = connectionOptions({ servers: "a", ...options }).tls ?? {};
    return { caFile, certFile, keyFile };
  };
  assert.is(connectionOptions({ servers: "a" }).tls, undefined);
  assert.equal(tlsOf({ tlsCa: path }), { caFile: path, certFile: undefined, keyFile: undefined });
  assert.equal(tlsOf({ tlsCert: path, tlsKey: path }), { caFile: undefined, certFile: path, keyFile: path });
});

test("connectionOptions() authenticates by the seed in a file", (t) => {
  const user = nkeys.createUser();
  const path = fileOf(t, `${new TextDecoder().decode(user.getSeed())}\n`);
  const { authenticator } = connectionOptions({ servers: "a", nkey: path });
  assert.equal((authenticator as (nonce: string) => { nkey: string })("nonce").nkey, user.getPublicKey());
});

test("connectionOptions() throws AuthenticationError that does not repeat a file that holds something else", (t) => {
  const path = fileOf(t, "s3cret");
  for (const option of ["creds", "nkey"]) {
    const error = throwsCode(
      () => connectionOptions({ servers: "a", [option]: path }),
      "AUTHENTICATION_FAILED",
    );
    assert.match(error.message, path);
    assert.not.match(inspect(error), "s3cret");
  }
});

for (const option of ["creds", "nkey", "tlsCa", "tlsCert", "tlsKey"]) {
  test(`connectionOptions() throws AuthenticationError when the file of ${option} is missing`, () => {
    const error = throwsCode(
      () => connectionOptions({ servers: "a", [option]: "/missing/file" }),
      "AUTHENTICATION_FAILED",
    );
    assert.match(error.message, "/missing/file");
  });
}
