import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { type Authenticator, type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from "nats";
import { AuthenticationError, InvalidTaskError } from "../protocol/errors.ts";

/** How to reach a NATS server and who to be there. The same names serve `init` and the command line. */
export type ServerOptions = {
  /** One or several addresses, `nats://host:port`; a user and password or token may stand before the host. */
  servers: string | string[];
  /** Path of a `.creds` file. */
  creds?: string;
  /** Path of a file with an nkey seed. */
  nkey?: string;
  user?: string;
  pass?: string;
  token?: string;
  /** Path of the PEM file of the certificate authority; asks for TLS. */
  tlsCa?: string;
  /** Path of the client's certificate, a PEM file. */
  tlsCert?: string;
  /** Path of the client's key, a PEM file. */
  tlsKey?: string;
  /** How long to try to connect. Default 5,000. */
  connectTimeoutMs?: number;
};

/** The options of the NATS client. @throws AuthenticationError when a file can't be read */
export function connectionOptions(options: ServerOptions): ConnectionOptions {
  const { servers, userInfo } = splitUserInfo([options.servers].flat());
  const result: ConnectionOptions = { servers, ...userInfo };
  if (options.user !== undefined) result.user = options.user;
  if (options.pass !== undefined) result.pass = options.pass;
  if (options.token !== undefined) result.token = options.token;
  if (options.creds !== undefined) {
    result.authenticator = tried("creds", options.creds, credsAuthenticator(read("creds", options.creds)));
  } else if (options.nkey !== undefined) {
    const seed = new TextDecoder().decode(read("nkey", options.nkey)).trim();
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
    result.authenticator = tried("nkey", options.nkey, authenticator);
  }
  const { tlsCa, tlsCert, tlsKey } = options;
  if (tlsCa ?? tlsCert ?? tlsKey) {
    for (const [name, path] of Object.entries({ tlsCa, tlsCert, tlsKey })) {
      if (path !== undefined) read(name, path);
    }
    const tls = {
      ...(tlsCa === undefined ? {} : { caFile: tlsCa }),
      ...(tlsCert === undefined ? {} : { certFile: tlsCert }),
      ...(tlsKey === undefined ? {} : { keyFile: tlsKey }),
      checkServerIdentity: checkIdentity(servers),
    };
    result.tls = tls;
  }
  return result;
}

/** The NATS client looks for the name "localhost" in the certificate of a server that is given by its IP address. */
function checkIdentity(servers: string[]): typeof checkServerIdentity {
  const addresses = servers
    .map((server) => parseAddress(server).hostname.replace(/^\[|\]$/g, ""))
    .filter(isIP);
  return (host, certificate) => {
    const names = host === "localhost" ? [...addresses, host] : [host];
    const errors = names.map((name) => checkServerIdentity(name, certificate));
    return errors.includes(undefined) ? undefined : errors[0];
  };
}

/** The authenticator, if the file that it was made of is what it should be. */
function tried(option: string, path: string, authenticator: Authenticator): Authenticator {
  try {
    authenticator("nonce");
    return authenticator;
  } catch {
    // The cause is not repeated: it may hold a part of the file.
    throw new AuthenticationError(`the file of option ${option}, ${path}, holds no ${option}`, {
      remedy: "Check that it is the right file.",
    });
  }
}

/** The addresses without user, password or token, fit to be shown. */
export const shownServers = (servers: string | string[]): string =>
  splitUserInfo([servers].flat()).servers.join(",");

function splitUserInfo(addresses: string[]) {
  const userInfo: Pick<ConnectionOptions, "user" | "pass" | "token"> = {};
  const servers = addresses
    .flatMap((address) => address.split(","))
    .map((address) => {
      const url = parseAddress(address.trim());
      if (url.password !== "") {
        userInfo.user = decoded(url.username);
        userInfo.pass = decoded(url.password);
      } else if (url.username !== "") {
        userInfo.token = decoded(url.username);
      }
      url.username = "";
      url.password = "";
      return `${url.protocol}//${url.host}`;
    });
  return { servers, userInfo };
}

function parseAddress(address: string): URL {
  const text = address.includes("://") ? address : `nats://${address}`;
  if (URL.canParse(text)) {
    const url = new URL(text);
    // A path would be what follows a slash in a password.
    if (url.hostname !== "" && url.pathname.length <= 1) return url;
  }
  throw unreadable();
}

function decoded(userInfo: string): string {
  try {
    return decodeURIComponent(userInfo);
  } catch {
    throw unreadable();
  }
}

/** The address is not repeated: it may hold a password. */
const unreadable = () =>
  new InvalidTaskError("a server address can't be read", {
    remedy:
      "Write it as nats://host:port, or several with commas between them; write %2F for a / in a password.",
  });

function read(option: string, path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new AuthenticationError(`the file of option ${option} can't be read: ${(error as Error).message}`, {
      remedy: "Check the path and its permissions.",
      cause: error,
    });
  }
}
