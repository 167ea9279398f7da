import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  type NatsConnection,
  type NatsError,
  nanos,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "nats";
import { answerMs, made } from "../control/patience.ts";
import { addReplicas, replicated } from "../control/replicas.ts";
import type { Subjects } from "../protocol/subjects.ts";

/** How long a job may be in the hands of a host that says nothing of it; then others get it. */
export const ackWaitMs = 3_000;
/** How long results are kept unless a host says otherwise: a week. */
export const defaultResultTtlMs = 7 * 24 * 3_600_000;

/** The consumer that all hosts share. */
export const sharedConsumer = "hosts";
/** Jobs that hosts have at once, with those that wait for their next try. */
const mostUnfinished = 100_000;
/** Free workers of the whole cluster that may ask for a job at once. */
const mostWaiting = 10_000;
/** The oldest dead letters go when there are more: anyone can make some. */
const mostDead = 100_000;

/** The names of what a cluster keeps its jobs in. */
export const storesOf = (cluster: string) => ({
  jobs: `wray-${cluster}-jobs`,
  dead: `wray-${cluster}-dead`,
  results: `KV_wray-${cluster}-results`,
  /** The subject of a job's result, which is a key of a key-value bucket. */
  result: (id: string) => `$KV.wray-${cluster}-results.${id}`,
});
export type Stores = ReturnType<typeof storesOf>;

/**
 * Makes the streams and the consumer that are missing.
 * @param resultTtlMs changes what there is; left out, it stays as it is
 */
export async function makeStores(
  connection: NatsConnection,
  stores: Stores,
  subjects: Subjects,
  resultTtlMs?: number,
): Promise<void> {
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: answerMs });
  const common = { storage: StorageType.File, max_msgs_per_subject: 1, allow_direct: true };
  const streams: (Partial<StreamConfig> & { name: string })[] = [
    {
      ...{
        ...common,
        name: stores.jobs,
        subjects: [subjects.job("*")],
        retention: RetentionPolicy.Workqueue,
      },
      // Of two jobs of one id, the server refuses the second, whoever publishes it and however late.
      ...{ discard: DiscardPolicy.New, discard_new_per_subject: true },
      // The server's own search for duplicates would swallow a job that is replayed.
      duplicate_window: nanos(100),
    },
    { ...common, name: stores.dead, subjects: [subjects.deadJob("*")], max_msgs: mostDead },
    {
      ...{ ...common, name: stores.results, subjects: [stores.result(">")], allow_rollup_hdrs: true },
      ...{ discard: DiscardPolicy.New, ...ttl(resultTtlMs ?? defaultResultTtlMs) },
    },
  ];
  await Promise.all(
    streams.map(async (config) => {
      const present = await manager.streams.info(config.name).catch(unlessMissing);
      const add = (replicas: number) => manager.streams.add({ ...config, num_replicas: replicas });
      if (present === undefined) await made(() => replicated(connection, add));
      else if (config.name === stores.results && resultTtlMs !== undefined) {
        const { max_age } = ttl(resultTtlMs);
        if (present.config.max_age !== max_age) await manager.streams.update(config.name, ttl(resultTtlMs));
      }
    }),
  );
  await addReplicas(
    connection,
    manager,
    streams.map(({ name }) => name),
  );
  const consumer: Partial<ConsumerConfig> = {
    durable_name: sharedConsumer,
    ...{ ack_policy: AckPolicy.Explicit, ack_wait: nanos(ackWaitMs), max_deliver: -1 },
    ...{ max_ack_pending: mostUnfinished, max_waiting: mostWaiting },
    ...{ deliver_policy: DeliverPolicy.All, replay_policy: ReplayPolicy.Instant },
  };
  const present = await manager.consumers.info(stores.jobs, sharedConsumer).catch(unlessMissing);
  if (present === undefined) await made(() => manager.consumers.add(stores.jobs, consumer));
}

const ttl = (resultTtlMs: number) => ({
  max_age: nanos(resultTtlMs),
  duplicate_window: nanos(Math.min(resultTtlMs, 120_000)),
});

/** Of an error that says that something is not there, undefined. */
function unlessMissing(error: NatsError): undefined {
  if (error.code !== "404") throw error;
}
