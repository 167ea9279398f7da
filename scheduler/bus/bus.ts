import type { Direct } from "./direct.ts";

/** How processes talk: a NATS connection, or a stand-in inside one process. */
export interface Bus {
  /** The most bytes that one message may have. */
  readonly maxPayloadBytes: number;
  /** Where it leads, for messages to people; never with credentials. */
  readonly address: string;
  /** How to reach a process with nobody between; undefined where everybody is in one process, or can't. */
  readonly direct?: Direct;
  /** Whether messages get through now. */
  readonly isConnected: boolean;
  /**
   * Sends to whoever listens now. What is published while the connection is down is dropped: whatever must arrive
   * goes through a `Link`.
   */
  publish(subject: string, payload: Uint8Array): void;
  /**
   * Calls back for each message; messages of one publisher on one subject come in order. A handler that throws loses
   * only its message.
   * @param queue of all that name the same one, one gets each message
   */
  subscribe(subject: string, handler: MessageHandler, queue?: string): Subscription;
  /** The first answer. Rejects when nobody listens, as `isNobodyListening` tells, or none comes in `timeoutMs`. */
  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** Whether anybody listens on a subject, as far as the server knows. Of a service for requests alone. */
  isListening(subject: string): Promise<boolean>;
  /**
   * Shares the requests on a subject among all that serve it; the service can be found with `$SRV.PING`. Resolves
   * once requests reach the handler.
   */
  serve(service: Service, handler: (payload: Uint8Array) => Promise<Uint8Array>): Promise<Subscription>;
  /** Calls back whenever a lost connection is back. */
  onReconnect(listener: () => void): Subscription;
  close(): Promise<void>;
}

/** Answers through `respond`, where the sender asked for an answer. */
export type MessageHandler = (payload: Uint8Array, respond: (payload: Uint8Array) => void) => void;

export type Subscription = { unsubscribe(): void };

export type Service = {
  name: string;
  version: string;
  description: string;
  subject: string;
  endpoint: string;
  metadata: Record<string, string>;
};
