import { InvalidTaskError } from "../protocol/errors.ts";

/**
 * Reads `host` or `host:port`; without a port it is 0, for any that is free.
 * @throws InvalidTaskError for anything else, and for the address that stands for all of a machine's
 */
export function parseAddress(address: string): { host: string; port: number } {
  const { host, port, rest } =
    /^(?<host>\[[^\]]+\]|[^:/]+)(?::(?<port>\d+))?(?<rest>.*)$/.exec(address)?.groups ?? {};
  const portNumber = Number(port ?? 0);
  const plainHost = host?.replace(/^\[(.*)\]$/, "$1") ?? "";
  if (plainHost !== "" && rest === "" && portNumber <= 65_535 && !/^(?:0\.0\.0\.0|[0:]+)$/.test(plainHost)) {
    return { host: plainHost, port: portNumber };
  }
  throw new InvalidTaskError(`${JSON.stringify(address)} is no address that others could dial`, {
    remedy: "Give one of this machine's, as host or host:port, [host]:port for IPv6.",
    data: { address },
  });
}
