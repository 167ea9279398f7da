import { createHash } from "node:crypto";
import { nkeys } from "nats";

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** The configuration of a server with JWT authentication, and the credentials file of a user whom it knows. */
export type OperatorSetup = { config: string; creds: string };

/** Makes an operator, a system account, an account with JetStream and one user, as the tool `nsc` would. */
export function makeOperator(): OperatorSetup {
  const operator = nkeys.createOperator();
  const [system, account] = [nkeys.createAccount(), nkeys.createAccount()];
  const user = nkeys.createUser();
  const unlimited = {
    subs: -1,
    conn: -1,
    leaf: -1,
    imports: -1,
    exports: -1,
    data: -1,
    payload: -1,
    wildcards: true,
  };
  const jetstream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const accountOf = (limits: object) => ({
    type: "account",
    version: 2,
    limits: { ...unlimited, ...limits },
  });
  const sign = (name: string, subject: KeyPair, issuer: KeyPair, claims: object) =>
    jwt({ name, sub: subject.getPublicKey(), iss: issuer.getPublicKey(), nats: claims }, issuer);

  const operatorJwt = sign("operator", operator, operator, {
    type: "operator",
    version: 2,
    system_account: system.getPublicKey(),
  });
  const userJwt = sign("user", user, account, { type: "user", version: 2, subs: -1, data: -1, payload: -1 });
  return {
    config: `
operator: ${operatorJwt}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: {
  ${system.getPublicKey()}: ${sign("system", system, operator, accountOf({}))}
  ${account.getPublicKey()}: ${sign("account", account, operator, accountOf(jetstream))}
}
`,
    creds: `-----BEGIN NATS USER JWT-----
${userJwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seedOf(user)}
------END USER NKEY SEED------
`,
  };
}

/** The secret half of a key pair as text. */
export const seedOf = (pair: KeyPair): string => new TextDecoder().decode(pair.getSeed());

function jwt(claims: object, issuer: KeyPair): string {
  const iat = Math.floor(Date.now() / 1000);
  const jti = createHash("sha256").update(JSON.stringify(claims)).digest("hex");
  const body = [
    { typ: "JWT", alg: "ed25519-nkey" },
    { ...claims, iat, jti },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${body}.${Buffer.from(issuer.sign(new TextEncoder().encode(body))).toString("base64url")}`;
}
