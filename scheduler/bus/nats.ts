import { connect, ErrorCode, type NatsConnection, NatsError } from "nats";
import { AuthenticationError, ConnectionError } from "../protocol/errors.ts";
import { within } from "../time/within.ts";
import type { Bus, Service, Subscription } from "./bus.ts";
import { connectionOptions, type ServerOptions, shownServers } from "./credentials.ts";
import { guarded } from "./guarded.ts";
import { nobodyListens } from "./nobody-listens.ts";
import { nodeDirect } from "./node-direct.ts";

/** A bus over a NATS connection, and that connection for what only NATS has. */
export type NatsBus = Bus & {
  readonly connection: NatsConnection;
  /** Resolves once the connection is closed for good: with why, unless `close` did it. */
  readonly closed: Promise<Error | undefined>;
};

/** Waits between attempts to get a lost connection back: short, because tasks are waiting. */
const reconnectWaitMs = 50;
const closeTimeoutMs = 2_000;
/** Long enough for the server to say that nobody is there. */
const answerMs = 300;
/** A packet is closed at 64 KiB, and its last message may have half of that. */
const leastPayloadBytes = 128 * 1024;
const defaultConnectTimeoutMs = 5_000;

/**
 * Connects to a NATS server; from then on a lost connection is sought again until `close`.
 * @param name what the server's operator sees, such as `host-<id>`
 * @throws ConnectionError when no server answers within `connectTimeoutMs`, or it carries too small messages only
 * @throws AuthenticationError when the server refuses the credentials
 */
export async function natsBus(options: ServerOptions, name: string): Promise<NatsBus> {
  const address = shownServers(options.servers);
  const timeoutMs = options.connectTimeoutMs ?? defaultConnectTimeoutMs;
  const connecting = connect({
    ...connectionOptions(options),
    name,
    timeout: timeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectWaitMs,
    reconnectJitter: reconnectWaitMs,
  });
  // The NATS client takes its timeout for each server, and we for all of them.
  const connection = await within(timeoutMs, connecting, () => {
    connecting.then((late) => late.close()).catch(() => {});
    return new Error(`no answer within ${timeoutMs} ms`);
  }).catch((error: Error) => {
    throw connectError(error, address);
  });

  let maxPayloadBytes = connection.info?.max_payload ?? 0;
  if (maxPayloadBytes < leastPayloadBytes) {
    await connection.close();
    throw new ConnectionError(
      `the NATS server at ${address} carries messages of ${maxPayloadBytes} bytes only`,
      {
        remedy: "Set its max_payload to 128KB or more; without the setting it is 1MB.",
        data: { servers: address, maxPayloadBytes, leastPayloadBytes },
      },
    );
  }

  const reconnectListeners = new Set<() => void>();
  let isConnected = true;
  void watchStatus(connection, (type) => {
    if (type === "disconnect") {
      if (!isConnected) giveUpHandshake(connection);
      isConnected = false;
    }
    if (type !== "reconnect") return;
    isConnected = true;
    for (const listener of reconnectListeners) listener();
  });

  return {
    connection,
    direct: nodeDirect,
    closed: connection
      .closed()
      .then((error) => (error instanceof Error ? connectError(error, address) : undefined)),
    address,
    get maxPayloadBytes() {
      // While the connection is down, the client has forgotten it.
      maxPayloadBytes = connection.info?.max_payload ?? maxPayloadBytes;
      return maxPayloadBytes;
    },
    get isConnected() {
      return isConnected;
    },
    publish(subject, payload) {
      if (!connection.isClosed() && !connection.isDraining()) connection.publish(subject, payload);
    },
    subscribe(subject, handler, queue) {
      const handle = guarded(handler);
      return connection.subscribe(subject, {
        ...(queue !== undefined && { queue }),
        callback: (error, message) => {
          if (error === null) handle(plainBytes(message.data), (reply) => void message.respond(reply));
        },
      });
    },
    async request(subject, payload, timeoutMs) {
      const reply = await connection
        .request(subject, payload, { timeout: timeoutMs })
        .catch((error: NatsError) => {
          if (error.code === ErrorCode.NoResponders) throw nobodyListens(subject, error);
          throw new ConnectionError(`no answer on ${subject}: ${error.message}`, { cause: error });
        });
      return plainBytes(reply.data);
    },
    async isListening(subject) {
      const empty = new Uint8Array();
      // The server answers in place of whoever is not there. One who is may be busy, and need not answer in time.
      return connection.request(subject, empty, { timeout: answerMs }).then(
        () => true,
        ({ code }: NatsError) => code !== ErrorCode.NoResponders,
      );
    },
    serve: (service, handler) => serve(connection, service, handler),
    onReconnect(listener) {
      reconnectListeners.add(listener);
      return { unsubscribe: () => void reconnectListeners.delete(listener) };
    },
    async close() {
      if (connection.isClosed()) return;
      const timeout = new Promise<void>((resolve) => setTimeout(resolve, closeTimeoutMs).unref());
      if (isConnected) await Promise.race([connection.drain().catch(() => {}), timeout]);
      await connection.close();
    },
  };
}

/** A Buffer's `slice` is a view, a Uint8Array's a copy: hand out only the latter. */
const plainBytes = (data: Uint8Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * The NATS client does not notice that a connection is lost before the server has answered the first PING, as happens
 * when a server is killed just after its start: it waits for that answer until its timeout. This ends the wait.
 */
function giveUpHandshake(connection: NatsConnection) {
  const { protocol } = connection as unknown as { protocol?: { connectError?: (error: Error) => void } };
  protocol?.connectError?.(new Error("the connection was lost in the middle of the handshake"));
}

async function watchStatus(connection: NatsConnection, onStatus: (type: string) => void) {
  for await (const { type } of connection.status()) onStatus(type);
}

async function serve(
  connection: NatsConnection,
  { name, version, description, metadata, endpoint, subject }: Service,
  handler: (payload: Uint8Array) => Promise<Uint8Array>,
): Promise<Subscription> {
  const service = await connection.services.add({ name, version, description, metadata, queue: "hosts" });
  service.addEndpoint(endpoint, {
    subject,
    handler: (error, message) => {
      if (error === null) {
        handler(plainBytes(message.data))
          .then((reply) => message.respond(reply))
          // The connection went meanwhile: whoever asked is told so by its own timeout.
          .catch(() => {});
      }
    },
  });
  // When the connection is lost meanwhile, the NATS client subscribes anew.
  await connection.flush().catch(() => {});
  return { unsubscribe: () => void service.stop().catch(() => {}) };
}

function connectError(error: Error, address: string) {
  if (error instanceof AuthenticationError) return error;
  const code = error instanceof NatsError ? error.code : "";
  if (/AUTH|PERMISSIONS/.test(code) || /authoriz|authentic/i.test(error.message)) {
    return new AuthenticationError(`the NATS server at ${address} refused the credentials`, {
      remedy: "Check creds, nkey, user and pass, or token.",
      data: { servers: address },
      cause: error,
    });
  }
  if (/TLS|CERT|SIGNATURE|ISSUER|CHAIN/.test((error as NodeJS.ErrnoException).code ?? "")) {
    return new ConnectionError(`no TLS connection to the NATS server at ${address}: ${error.message}`, {
      remedy: "Check tlsCa, and tlsCert and tlsKey if the server asks for them.",
      data: { servers: address },
      cause: error,
    });
  }
  return new ConnectionError(`no NATS server answers at ${address}: ${error.message || code}`, {
    remedy: "Start one with `nats-server -js`, or check the address and the firewall.",
    data: { servers: address },
    cause: error,
  });
}
