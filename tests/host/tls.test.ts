import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { init } from "wray";
import { startNatsServer } from "../../scripts/nats/index.ts";
import { startCommand } from "../support/command.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("tls");
const run = promisify(execFile);

/** Certificates of an authority, of a server at 127.0.0.1 and of a client, made by the openssl command. */
async function makeCertificates(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "wray-tls-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => run("openssl", args);
  const newKey = (name: string) => [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    path(name),
  ];
  await openssl(
    "req",
    "-x509",
    ...newKey("ca.key"),
    "-out",
    path("ca.pem"),
    "-days",
    "2",
    "-subj",
    "/CN=wray test",
  );
  for (const name of ["server", "client"]) {
    const sign = ["-CA", path("ca.pem"), "-CAkey", path("ca.key")];
    const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
    await openssl(
      "req",
      "-x509",
      ...newKey(`${name}.key`),
      ...sign,
      "-out",
      path(`${name}.pem`),
      "-days",
      "2",
      ...subject,
    );
  }
  return path;
}

const hasOpenssl = await run("openssl", ["version"]).then(
  () => true,
  () => false,
);
const title = "init() and a host join over TLS with the right certificates, and not without";
if (!hasOpenssl) test.skip(title, "this machine has no openssl command");
else {
  test(title, async (t) => {
    const path = await makeCertificates(t);
    const config = `
tls {
  cert_file: "${path("server.pem")}"
  key_file: "${path("server.key")}"
  ca_file: "${path("ca.pem")}"
  verify: true
}
`;
    const server = await startNatsServer({ config });
    t.after(() => server.stop());
    const servers = server.url;
    const right = { tlsCa: path("ca.pem"), tlsCert: path("client.pem"), tlsKey: path("client.key") };
    const args = ["--tls-ca", right.tlsCa, "--tls-cert", right.tlsCert, "--tls-key", right.tlsKey];
    const host = startCommand(t, ["host", "--cpus", "1", "--servers", servers, ...args]);
    await host.printed(/ joined /);
    const wray = await init({ servers, ...right });
    t.after(() => wray.shutdown());
    assert.is(await wray.get((await wray.remote("math/add")).remote(1, 2)), 3);

    for (const [options, expected] of [
      [{}, `no TLS connection to the NATS server at ${servers}`],
      [{ tlsCa: path("server.pem") }, `no TLS connection to the NATS server at ${servers}`],
      [{ tlsCa: right.tlsCa }, "no NATS server answers"],
    ] as const) {
      const { message } = await rejects(
        init({ servers, connectTimeoutMs: 500, ...options }),
        "CONNECTION_FAILED",
      );
      assert.match(message, expected);
    }
  });
}
