import { setTimeout as delay } from "node:timers/promises";
import { connect } from "nats";
import type { Client } from "wray";
import { decodeHeartbeat } from "../../scheduler/protocol/codec.ts";
import type { Heartbeat } from "../../scheduler/protocol/messages.ts";

/** What nobody needs is gone some moments later, and what a token was given for after 10 s. */
const defaultSettleMs = 30_000;
const lookMs = 100;

/** Waits until nothing is held any more, but not for long. Returns what is still held. */
export async function leaks(
  wray: Client,
  servers: string,
  hostIds: readonly string[],
  settleMs = defaultSettleMs,
): Promise<string[]> {
  const beats = new Map<string, Heartbeat>();
  const connection = await connect({ servers });
  connection.subscribe("wray.v1.default.load.*", {
    callback: (error, { data }) => {
      if (error !== null) return;
      const beat = decodeHeartbeat(data);
      beats.set(beat.host, beat);
    },
  });
  try {
    const untilMs = performance.now() + settleMs;
    while (true) {
      const held = await look(wray, beats, hostIds);
      if (held.length === 0 || performance.now() > untilMs) return held;
      await delay(lookMs);
    }
  } finally {
    await connection.close();
  }
}

async function look(
  wray: Client,
  beats: ReadonlyMap<string, Heartbeat>,
  hostIds: readonly string[],
): Promise<string[]> {
  const { objects, hosts } = await wray.memory();
  const missing = hostIds.filter((id) => !beats.has(id) || !hosts.some((host) => host.id === id));
  return [
    ...missing.map((id) => `host ${id} says nothing`),
    ...objects.map(
      ({ id, owner, label, at, holders }) =>
        `object ${id} of ${owner}: ${label} at ${at.map(({ peer }) => peer.id)}, held by ${JSON.stringify(holders)}`,
    ),
    ...hosts
      .filter(({ usedBytes }) => usedBytes > 0)
      .map(({ id, usedBytes }) => `host ${id} uses ${usedBytes} bytes`),
    ...hosts
      .filter(({ spilledBytes }) => spilledBytes > 0)
      .map(({ id }) => `host ${id} has something on disk`),
    ...[...beats.values()]
      .filter(({ running, queued }) => running + queued > 0)
      .map(({ host, running, queued }) => `host ${host} has ${running} tasks running, ${queued} queued`),
    ...wray
      .nodes()
      .filter(({ tasksPending }) => tasksPending > 0)
      .map(({ id, tasksPending }) => `${tasksPending} tasks of ours are on host ${id}`),
  ];
}
