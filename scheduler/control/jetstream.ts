import type { KV, NatsConnection, ObjectStore } from "nats";
import { ConnectionError } from "../protocol/errors.ts";
import { type Control, type Lease, leaseMs } from "./control.ts";

type Buckets = { modules: ObjectStore; names: KV; hosts: KV };

/**
 * The control plane in JetStream: an object store for modules, key-value buckets for their names and for leases.
 * The buckets are made where they are missing, also when the server was replaced by an empty one.
 * @throws ConnectionError when the server has no JetStream
 */
export async function jetstreamControl(connection: NatsConnection, cluster: string): Promise<Control> {
  let buckets = await openBuckets(connection, cluster);

  /** Runs an action again on fresh buckets when theirs are gone. */
  const attempt = async <T>(action: (buckets: Buckets) => Promise<T>): Promise<T> => {
    try {
      return await action(buckets);
    } catch (error) {
      if (!isMissing(error)) throw error;
      buckets = await openBuckets(connection, cluster);
      return action(buckets);
    }
  };

  return {
    putModule: (sha256, bytes) =>
      attempt(async ({ modules }) => {
        if ((await modules.info(sha256)) === null) await modules.putBlob({ name: sha256 }, bytes);
      }),
    getModule: (sha256) =>
      attempt(async ({ modules }) => {
        const bytes = await modules.getBlob(sha256);
        return bytes === null ? undefined : Uint8Array.from(bytes);
      }),
    nameModule: (name, sha256) => attempt(async ({ names }) => void (await names.put(name, sha256))),
    findModule: (name) => attempt(async ({ names }) => (await names.get(name))?.string()),
    putLease: (lease) => attempt(({ hosts }) => hosts.put(lease.host, JSON.stringify(lease))),
    dropLease: (hostId) => attempt(({ hosts }) => hosts.purge(hostId)),
    leases: () =>
      attempt(async ({ hosts }) => {
        const leases: Lease[] = [];
        for await (const key of await hosts.keys()) {
          const entry = await hosts.get(key);
          if (entry?.operation === "PUT") leases.push(entry.json<Lease>());
        }
        return leases;
      }),
  };
}

async function openBuckets(connection: NatsConnection, cluster: string): Promise<Buckets> {
  try {
    const { views } = connection.jetstream();
    const [modules, names, hosts] = await Promise.all([
      views.os(`wray-${cluster}-modules`),
      views.kv(`wray-${cluster}-names`),
      views.kv(`wray-${cluster}-hosts`, { ttl: leaseMs }),
    ]);
    return { modules, names, hosts };
  } catch (error) {
    throw new ConnectionError(
      `the NATS server at ${connection.getServer()} gives no JetStream: ${(error as Error).message}`,
      {
        remedy: "Start it with JetStream, `nats-server -js`, and let this user use it.",
        cause: error,
      },
    );
  }
}

/** Whether a stream is not there, or nobody answers for it. */
const isMissing = (error: unknown): boolean => {
  const { code, message } = error as { code?: string; message?: string };
  return code === "404" || code === "503" || /stream not found|no responders/i.test(message ?? "");
};
