import { readFileSync } from "node:fs";
import { type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from "nats";
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
    result.authenticator = credsAuthenticator(read("creds", options.creds));
  } else if (options.nkey !== undefined) {
    const seed = new TextDecoder().decode(read("nkey", options.nkey)).trim();
    result.authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
  }
  if (options.tlsCa ?? options.tlsCert ?? options.tlsKey) {
    result.tls = {
      ...(options.tlsCa === undefined ? {} : { caFile: options.tlsCa }),
      ...(options.tlsCert === undefined ? {} : { certFile: options.tlsCert }),
      ...(options.tlsKey === undefined ? {} : { keyFile: options.tlsKey }),
    };
    for (const [name, path] of Object.entries(result.tls)) read(name, path as string);
  }
  return result;
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
        userInfo.user = decodeURIComponent(url.username);
        userInfo.pass = decodeURIComponent(url.password);
      } else if (url.username !== "") {
        userInfo.token = decodeURIComponent(url.username);
      }
      url.username = "";
      url.password = "";
      return `${url.protocol}//${url.host}`;
    });
  return { servers, userInfo };
}

function parseAddress(address: string): URL {
  const text = address.includes("://") ? address : `nats://${address}`;
  if (URL.canParse(text) && new URL(text).hostname !== "") return new URL(text);
  // The address is not repeated: it may hold a password.
  throw new InvalidTaskError("a server address can't be read", {
    remedy: "Write it as nats://host:port, or several with commas between them.",
  });
}

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
