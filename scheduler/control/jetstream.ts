import type { KV, KvEntry, NatsConnection, NatsError, ObjectStore, Views } from "nats";
import { nameKey } from "../protocol/actor-address.ts";
import { decodeNamedActor, encodeMessage } from "../protocol/codec.ts";
import { ConnectionError } from "../protocol/errors.ts";
import type { NamedActor } from "../protocol/messages.ts";
import { within } from "../time/within.ts";
import { type Control, type Lease, leaseMs, longestSourceMapBytes } from "./control.ts";
import { answerMs, made, Patient, wrongLastSequence } from "./patience.ts";
import { addReplicas, replicated } from "./replicas.ts";

const sourceMapKey = (sha256: string) => `${sha256}.map`;

type Buckets = { modules: ObjectStore; names: KV; hosts: KV; actors: KV };

/** A module, or its source map, that has not come after so long never will: the store that it was read from is gone. */
const readMs = 15_000;

/**
 * The control plane in JetStream: an object store for modules, key-value buckets for their names and for leases.
 * The buckets are made where they are missing, also when the server was replaced by an empty one.
 * @throws ConnectionError when the server has no JetStream
 */
export async function jetstreamControl(connection: NatsConnection, cluster: string): Promise<Control> {
  const open = () => openBuckets(connection, cluster);
  const opened = open();
  const buckets = new Patient(connection, open, opened);
  // Servers that form a cluster may just be electing. Of any other, whoever asks hears at once that it has no JetStream.
  await (connection.info?.cluster === undefined ? opened : buckets.run(async () => {}));
  const patiently: typeof buckets.run = (action, patience) => buckets.run(action, patience);
  /** Once more on fresh buckets, and no longer: leases are renewed anyway. */
  const briefly = <T>(action: (buckets: Buckets) => Promise<T>) => patiently(action, 0);

  const put = (name: string, bytes: Uint8Array) =>
    patiently(async ({ modules }) => {
      const info = await modules.info(name);
      if (info !== null && !info.deleted) return;
      // Only the first of several writers counts. The last would win otherwise, and take away what others read.
      const previousRevision = info?.revision ?? 0;
      await modules.putBlob({ name }, bytes, { previousRevision }).catch((error) => {
        if (error.api_error?.err_code !== wrongLastSequence) throw error;
      });
    });
  const read = async ({ modules }: Buckets, name: string) => {
    const bytes = await within(readMs, modules.getBlob(name), () =>
      Object.assign(new Error(`it took more than ${readMs} ms`), { code: "TIMEOUT" }),
    );
    return bytes === null ? undefined : Uint8Array.from(bytes);
  };

  return {
    putModule: put,
    getModule: (sha256) => patiently((buckets) => read(buckets, sha256)),
    putSourceMap: (sha256, bytes) => put(sourceMapKey(sha256), bytes),
    getSourceMap: (sha256) =>
      briefly(async (buckets) => {
        const name = sourceMapKey(sha256);
        const info = await buckets.modules.info(name);
        return info !== null && info.size <= longestSourceMapBytes ? read(buckets, name) : undefined;
      }),
    nameModule: (name, sha256) => patiently(async ({ names }) => void (await names.put(name, sha256))),
    findModule: (name) => patiently(async ({ names }) => (await names.get(name))?.string()),
    nameActor: (name, actor, instead) =>
      patiently(async ({ actors }) => {
        const key = nameKey(name);
        for (;;) {
          const entry = await actors.get(key);
          const known = recordIn(entry);
          if (known !== undefined && known.address !== instead?.address) return known;
          try {
            await actors.put(key, encodeMessage(actor), { previousSeq: entry?.revision ?? 0 });
            return actor;
          } catch (error) {
            // Only the first of several writers counts.
            if ((error as NatsError).api_error?.err_code !== wrongLastSequence) throw error;
          }
        }
      }),
    findActor: (name) => patiently(async ({ actors }) => recordIn(await actors.get(nameKey(name)))),
    dropActor: (name, address) =>
      briefly(async ({ actors }) => {
        const entry = await actors.get(nameKey(name));
        if (recordIn(entry)?.address !== address) return;
        await actors.delete(nameKey(name), { previousSeq: entry!.revision });
      }),
    putLease: (lease) => briefly(({ hosts }) => hosts.put(lease.host, JSON.stringify(lease))),
    dropLease: (hostId) => briefly(({ hosts }) => hosts.purge(hostId)),
    leases: () =>
      briefly(async ({ hosts }) => {
        const hostIds = await keysOf(connection, `wray-${cluster}-hosts`);
        const entries = await Promise.all(hostIds.map((hostId) => hosts.get(hostId)));
        return entries.flatMap((entry) => (entry?.operation === "PUT" ? [entry.json<Lease>()] : []));
      }),
  };
}

/** The bucket of the names of actors. */
export const openActorNames = (views: Views, cluster: string, replicas: number): Promise<KV> =>
  views.kv(`wray-${cluster}-actors`, { replicas, allow_direct: replicas === 1 });

/** What a name stands for, if for anything. @throws ProtocolError when somebody has written what is no record */
export const recordIn = (entry: Pick<KvEntry, "operation" | "value"> | null): NamedActor | undefined =>
  entry?.operation === "PUT" ? decodeNamedActor(entry.value) : undefined;

async function openBuckets(connection: NatsConnection, cluster: string): Promise<Buckets> {
  try {
    return await made(async () => {
      const { views } = connection.jetstream({ timeout: answerMs });
      const [modules, names, hosts, actors] = await replicated(connection, (replicas) =>
        Promise.all([
          views.os(`wray-${cluster}-modules`, { replicas }),
          // Of several servers, the one that leads is asked: others may be behind.
          views.kv(`wray-${cluster}-names`, { replicas, allow_direct: replicas === 1 }),
          views.kv(`wray-${cluster}-hosts`, { replicas, ttl: leaseMs }),
          openActorNames(views, cluster, replicas),
        ]),
      );
      const manager = await connection.jetstreamManager({ checkAPI: false, timeout: answerMs });
      const streams = [
        `OBJ_wray-${cluster}-modules`,
        ...["names", "hosts", "actors"].map((name) => `KV_wray-${cluster}-${name}`),
      ];
      await addReplicas(connection, manager, streams);
      return { modules, names, hosts, actors };
    });
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

/** The keys of a bucket. The client's own `keys()` loses those that arrive while another is looked at. */
async function keysOf(connection: NatsConnection, bucket: string): Promise<string[]> {
  const prefix = `$KV.${bucket}.`;
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: answerMs });
  const { state } = await manager.streams.info(`KV_${bucket}`, { subjects_filter: `${prefix}>` });
  return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
}
