import { createInbox, type Msg, type NatsConnection, nanos } from "nats";
import type { JobStores } from "./job-stores.ts";
import { sharedConsumer } from "./streams.ts";

/** How long the server keeps one request for a job. */
const pullMs = 2_000;
/** When it says nothing for so much longer, the request is lost. */
const graceMs = 500;

/** A job in this host's hands, until it says what became of it, or says nothing for too long. */
export type Delivery = {
  id: string;
  payload: Uint8Array;
  /** From 1: how often it was given to any host. */
  deliveries: number;
  /** The job is still in good hands. */
  working(): void;
  /** It is done with, and leaves the stream. */
  ack(): void;
  /** Some host is to have it again, after a while. */
  giveBack(delayMs: number): void;
};

/** Where a host gets jobs from. */
export class JobFeed {
  readonly #connection: NatsConnection;
  readonly #nextSubject: string;
  readonly #stores: JobStores;
  readonly #inbox = createInbox();
  readonly #waiting = new Map<string, (delivery: Delivery | undefined) => void>();
  readonly #late: (delivery: Delivery) => void;
  readonly #subscription;
  #pulls = 0;

  /** @param late gets a job that came when nobody waited for it any more */
  constructor(stores: JobStores, late: (delivery: Delivery) => void) {
    const { connection, names } = stores;
    this.#stores = stores;
    this.#connection = connection;
    this.#late = late;
    this.#nextSubject = `$JS.API.CONSUMER.MSG.NEXT.${names.jobs}.${sharedConsumer}`;
    this.#subscription = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#arrived(message);
      },
    });
  }

  /** The next job; undefined when there was none for a while. */
  async next(): Promise<Delivery | undefined> {
    const id = String(++this.#pulls);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Delivery | undefined>((resolve) => {
        this.#waiting.set(id, resolve);
        timer = setTimeout(() => resolve(undefined), pullMs + graceMs);
        const request = JSON.stringify({ batch: 1, expires: nanos(pullMs) });
        this.#connection.publish(this.#nextSubject, request, { reply: `${this.#inbox}.${id}` });
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Asks for nothing more; what is on its way here is late. */
  async close(): Promise<void> {
    this.renew();
    this.#waiting.clear();
    await this.#subscription.drain().catch(() => {});
  }

  /** Lets all that wait ask anew: what they have asked for may be lost. */
  renew(): void {
    for (const resolve of [...this.#waiting.values()]) resolve(undefined);
  }

  #arrived(message: Msg): void {
    const delivery = deliveryOf(message, this.#connection);
    // A job comes under its own subject, so it is for whoever has waited longest.
    const asked = delivery === undefined ? message.subject.slice(this.#inbox.length + 1) : "";
    const [id, resolve] = this.#waiting.has(asked)
      ? [asked, this.#waiting.get(asked)!]
      : (this.#waiting.entries().next().value ?? []);
    if (id !== undefined) this.#waiting.delete(id);
    if (delivery !== undefined) (resolve ?? this.#late)(delivery);
    else if (
      [404, 503].includes(message.headers?.code ?? 0) &&
      !/no messages/i.test(descriptionOf(message))
    ) {
      // The stream is gone, or its server is only starting.
      void this.#stores
        .reopen()
        .catch(() => {})
        .finally(() => resolve?.(undefined));
    } else resolve?.(undefined);
  }
}

const descriptionOf = ({ headers }: Msg) => headers?.description ?? "";

/** A message that is a job: one whose answer says what became of it. */
function deliveryOf({ reply, subject, data }: Msg, connection: NatsConnection): Delivery | undefined {
  const deliveries = deliveriesOf(reply);
  if (reply === undefined || deliveries === undefined) return undefined;
  const answer = (text: string) => {
    if (!connection.isClosed()) connection.publish(reply, text);
  };
  return {
    id: subject.slice(subject.lastIndexOf(".") + 1),
    payload: Uint8Array.from(data),
    deliveries,
    working: () => answer("+WPI"),
    ack: () => answer("+ACK"),
    giveBack: (delayMs) => answer(`-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`),
  };
}

/**
 * How often a message was delivered, from where it is to be answered:
 * `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<sequence>.<time>.<pending>[.<random>]`
 */
export function deliveriesOf(reply: string | undefined): number | undefined {
  const parts = reply?.split(".") ?? [];
  if (parts[0] !== "$JS" || parts[1] !== "ACK") return undefined;
  const deliveries = Number(parts[parts.length === 9 ? 4 : 6]);
  return Number.isInteger(deliveries) ? deliveries : undefined;
}
